import CRdKafka
import MillBase
import MillLog

/// `millrace consume`: kafka-console-consumer's flags. Records of a topic become lines of the standard output.
public enum ConsumeCommand {
  public static let help = """
    millrace consume: show records, of the built-in log or any Kafka server.

    Everything, from the first record on, and what comes after; Ctrl-C ends:
      millrace consume --topic pop --from-beginning --bootstrap-server localhost:9092
    Five records with key, time and offset:
      millrace consume --topic pop --from-beginning --max-messages 5 --property print.key=true \\
        --property print.timestamp=true --property print.offset=true --bootstrap-server localhost:9092
    As a member of a group, which goes on where it was:
      millrace consume --topic pop --group viewers --bootstrap-server localhost:9092

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --topic NAME                    the topic; or --include REGEX (--whitelist): all topics that match
      --from-beginning                where a group without offsets begins; default: at the end
      --partition N                   this partition only, without a group
      --offset N|earliest|latest      where to begin in it; default: latest
      --group NAME                    the consumer group; default: one of its own, which commits nothing
      --max-messages N                end after so many records
      --timeout-ms N                  end when no record came for so long
      --isolation-level NAME          read_uncommitted (default) or read_committed
      --property print.key=true       also print.timestamp, print.partition, print.offset, print.headers, print.value
      --property key.separator=X      between the parts of a line; default: a tab. Also line.separator, null.literal
      --consumer-property NAME=VALUE  a property of the client; may be repeated
      --consumer.config FILE          client properties (security.protocol=…)
      --help                          this text
    """

  private static let withValue: Set<String> = [
    "--bootstrap-server", "--topic", "--include", "--whitelist", "--partition", "--offset", "--group",
    "--max-messages", "--timeout-ms", "--isolation-level", "--property", "--consumer-property", "--consumer.config",
  ]
  private static let pollTime: Int32 = 100

  /// - Parameters:
  ///   - output: gets the printed records.
  ///   - report: gets what a user should know, without line ends.
  ///   - isStopping: asked several times a second; true ends the tool.
  /// - Returns: the exit code, 0 or 1.
  public static func run(
    arguments: [String], output: ([UInt8]) -> Void, report: (String) -> Void, isStopping: () -> Bool
  ) -> Int32 {
    if arguments.contains("--help") {
      report(help)
      return 0
    }
    do {
      let flags = try ToolFlags(arguments, withValue: withValue, plain: ["--from-beginning"])
      let line = try RecordLine(flags.pairs("--property"))
      let handle = try consumer(flags)
      let count = try withExtendedLifetime(handle) { try consume(handle.pointer, flags, line, output, isStopping) }
      report("Processed a total of \(count) messages")
      return 0
    } catch {
      report("\(error)")
      report("See millrace consume --help")
      return 1
    }
  }

  private static func consumer(_ flags: ToolFlags) throws -> KafkaHandle {
    var properties = try flags["--consumer.config"].map(ClientProperties.read) ?? [:]
    properties.merge(try flags.pairs("--consumer-property")) { _, new in new }
    let servers = try flags.required("--bootstrap-server")
    properties["bootstrap.servers"] = servers
    if let level = flags["--isolation-level"] { properties["isolation.level"] = level }
    properties["isolation.level"] = properties["isolation.level"] ?? "read_uncommitted"
    let own = properties.removeValue(forKey: "group.id")
    let group = flags["--group"] ?? own
    let reset = properties.removeValue(forKey: "auto.offset.reset")
    let commits = properties.removeValue(forKey: "enable.auto.commit")
    let start = flags.plain.contains("--from-beginning") ? "earliest" : reset ?? "latest"
    try Reachability.check(servers)
    let handle = try KafkaHandle(
      .consumer, KafkaProperties(properties), defaults: [],
      fixed: [
        ("group.id", group ?? "console-consumer-\(UInt32.random(in: 0...99_999))"), ("auto.offset.reset", start),
        ("enable.auto.commit", group == nil ? "false" : commits ?? "true"),
        ("allow.auto.create.topics", "false"),
      ])
    rd_kafka_poll_set_consumer(handle.pointer)
    try place(handle, flags)
    return handle
  }

  /// Subscribes, or takes the one partition.
  private static func place(_ handle: KafkaHandle, _ flags: ToolFlags) throws {
    let list = rd_kafka_topic_partition_list_new(1)!
    defer { rd_kafka_topic_partition_list_destroy(list) }
    let pattern = flags["--include"] ?? flags["--whitelist"]
    guard let partition = try flags.number("--partition") else {
      if flags["--offset"] != nil {
        throw MillError(
          .configuration, "The partition is required when offset is specified.", wayOut: "add --partition")
      }
      let topic = try pattern.map { "^\($0)$" } ?? flags.required("--topic")
      if pattern == nil, try handle.topicSizes(timeout: .seconds(10))[topic] == nil {
        throw MillError(.notFound, "topic '\(topic)' does not exist", wayOut: "see millrace topics --list")
      }
      rd_kafka_topic_partition_list_add(list, topic, -1)
      return try KafkaError.check(rd_kafka_subscribe(handle.pointer, list), "subscribe", at: topic)
    }
    let topic = try flags.required("--topic")
    let offset: Int64
    switch flags["--offset"] ?? (flags.plain.contains("--from-beginning") ? "earliest" : "latest") {
    case "earliest": offset = Int64(RD_KAFKA_OFFSET_BEGINNING)
    case "latest": offset = Int64(RD_KAFKA_OFFSET_END)
    case let text:
      guard let number = Int64(text), number >= 0 else {
        throw MillError(
          .configuration,
          "The provided offset value '\(text)' is incorrect. Valid values are 'earliest', 'latest', "
            + "or a non-negative number.")
      }
      offset = number
    }
    guard let size = try handle.topicSizes(timeout: .seconds(10))[topic], partition >= 0, partition < size else {
      throw MillError(
        .notFound, "topic '\(topic)' has no partition \(partition)", wayOut: "see millrace topics --describe")
    }
    rd_kafka_topic_partition_list_add(list, topic, Int32(partition)).pointee.offset = offset
    try KafkaError.check(rd_kafka_assign(handle.pointer, list), "assign", at: "\(topic)-\(partition)")
  }

  private static func consume(
    _ consumer: OpaquePointer, _ flags: ToolFlags, _ line: RecordLine, _ output: ([UInt8]) -> Void,
    _ isStopping: () -> Bool
  ) throws -> Int {
    let most = try flags.number("--max-messages") ?? .max
    let patience = try flags.number("--timeout-ms").map { UInt64(max(0, $0)) * 1_000_000 }
    defer { rd_kafka_consumer_close(consumer) }
    var count = 0
    var lastRecord = Clock.steadyNanoseconds()
    var lines: [UInt8] = []
    while count < most, !isStopping() {
      // What was gathered goes out before waiting.
      let waits = lines.isEmpty ? pollTime : 0
      guard let message = rd_kafka_consumer_poll(consumer, waits) else {
        if !lines.isEmpty {
          output(lines)
          lines.removeAll(keepingCapacity: true)
        }
        if let patience, Clock.steadyNanoseconds() - lastRecord > patience { break }
        continue
      }
      defer { rd_kafka_message_destroy(message) }
      let error = message.pointee.err
      if error != RD_KAFKA_RESP_ERR_NO_ERROR {
        let failure = KafkaError.make(
          error, "consume", detail: rd_kafka_message_errstr(message).map { String(cString: $0) })
        // librdkafka goes on by itself after the rest.
        if failure.isRetriable { continue }
        if !lines.isEmpty { output(lines) }
        throw failure
      }
      line.append(message, to: &lines)
      count += 1
      lastRecord = Clock.steadyNanoseconds()
      if lines.count > 64 << 10 {
        output(lines)
        lines.removeAll(keepingCapacity: true)
      }
    }
    if !lines.isEmpty { output(lines) }
    return count
  }
}

/// How a record is printed: kafka-console-consumer's `--property` names and forms.
struct RecordLine {
  private var printed: Set<String> = ["print.value"]
  private var separator = Array("\t".utf8)
  private var lineEnd = Array("\n".utf8)
  private var null = Array("null".utf8)
  private static let parts = [
    "print.timestamp", "print.partition", "print.offset", "print.headers", "print.key", "print.value",
  ]

  /// - Throws: `.configuration` for an unknown name.
  init(_ properties: [String: String]) throws {
    for (name, value) in properties {
      switch name {
      case "key.separator": separator = Array(value.utf8)
      case "line.separator": lineEnd = Array(value.utf8)
      case "null.literal": null = Array(value.utf8)
      case _ where Self.parts.contains(name):
        if value == "true" { printed.insert(name) } else { printed.remove(name) }
      default:
        throw MillError(
          .configuration, "unknown property \(name)",
          wayOut: Nearest.advice(for: name, among: Self.parts + ["key.separator", "line.separator", "null.literal"]))
      }
    }
  }

  func append(_ message: UnsafePointer<rd_kafka_message_t>, to out: inout [UInt8]) {
    var isFirst = true
    for part in Self.parts where printed.contains(part) {
      if !isFirst { out += separator }
      isFirst = false
      switch part {
      case "print.timestamp":
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = rd_kafka_message_timestamp(message, &type)
        let name =
          type == RD_KAFKA_TIMESTAMP_CREATE_TIME
          ? "CreateTime:" : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? "LogAppendTime:" : "NO_TIMESTAMP"
        out += name.utf8
        if type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE { out += String(time).utf8 }
      case "print.partition": out += "Partition:\(message.pointee.partition)".utf8
      case "print.offset": out += "Offset:\(message.pointee.offset)".utf8
      case "print.headers": appendHeaders(message, to: &out)
      case "print.key": append(message.pointee.key, message.pointee.key_len, to: &out)
      default: append(message.pointee.payload, message.pointee.len, to: &out)
      }
    }
    out += lineEnd
  }

  private func append(_ bytes: UnsafeRawPointer?, _ count: Int, to out: inout [UInt8]) {
    guard let bytes else { return out += null }
    out += UnsafeRawBufferPointer(start: bytes, count: count)
  }

  private func appendHeaders(_ message: UnsafePointer<rd_kafka_message_t>, to out: inout [UInt8]) {
    var headers: OpaquePointer?
    guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else {
      return out += "NO_HEADERS".utf8
    }
    for index in 0..<rd_kafka_header_cnt(headers) {
      var name: UnsafePointer<CChar>?
      var value: UnsafeRawPointer?
      var size = 0
      rd_kafka_header_get_all(headers, index, &name, &value, &size)
      if index > 0 { out += ",".utf8 }
      if let name { out += String(cString: name).utf8 }
      out += ":".utf8
      append(value, size, to: &out)
    }
  }
}
