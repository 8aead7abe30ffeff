import Glibc
import MillBase
import MillLog

/// `millrace produce`: kafka-console-producer's flags. Lines of the standard input become records of a topic.
public enum ProduceCommand {
  public static let help = """
    millrace produce: write lines as records, to the built-in log or any Kafka server.

    A record a line:
      seq 10 | millrace produce --topic pop --bootstrap-server localhost:9092
    Keys in front of a colon, packed with zstd:
      millrace produce --topic pop --property parse.key=true --property key.separator=: \\
        --compression-codec zstd --bootstrap-server localhost:9092 < lines.txt

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --topic NAME                       the topic (required)
      --property parse.key=true          the key stands first in the line
      --property key.separator=X         what ends the key; default: a tab
      --property parse.headers=true      headers stand before that: name:value,name:value
      --property headers.delimiter=X     what ends the headers; default: a tab
      --property null.marker=X           a key or value of just this is null
      --property ignore.error=true       a line without its separators is a value alone
      --compression-codec NAME           none, gzip, snappy, lz4, zstd; default: none
      --request-required-acks N          0, 1 or all; default: all
      --producer-property NAME=VALUE     a property of the client; may be repeated
      --producer.config FILE             client properties (security.protocol=…)
      --help                             this text
    """

  private static let withValue: Set<String> = [
    "--bootstrap-server", "--topic", "--property", "--compression-codec", "--request-required-acks",
    "--producer-property", "--producer.config",
  ]

  /// Lines of one read become one call; this bounds it.
  private static let readSize = 1 << 20
  /// A longer line is refused.
  static let lineSizeMax = 64 << 20

  /// - Parameters:
  ///   - input: a file descriptor with the lines.
  ///   - report: gets what a user should know, without line ends.
  /// - Returns: the exit code: 0, or 1 when a line was not written.
  public static func run(arguments: [String], input: Int32, report: (String) -> Void) -> Int32 {
    if arguments.contains("--help") {
      report(help)
      return 0
    }
    do {
      let flags = try ToolFlags(arguments, withValue: withValue, plain: [])
      let form = try LineForm(flags.pairs("--property"))
      let topic = try flags.required("--topic")
      let servers = try flags.required("--bootstrap-server")
      let name = flags["--compression-codec"] ?? "none"
      guard let codec = Codec(name: name) else {
        throw MillError(
          .configuration, "unknown codec '\(name)'",
          wayOut: Nearest.advice(for: name, among: Codec.allCases.map { "\($0)" }))
      }
      try Reachability.check(servers)
      let producer = try KafkaProducer(
        KafkaProperties(properties(flags).merging(["bootstrap.servers": servers]) { _, own in own }), codec: codec)
      defer { producer.close() }
      return try write(input, topic, form, producer, report)
    } catch {
      report("\(error)")
      report("See millrace produce --help")
      return 1
    }
  }

  private static func properties(_ flags: ToolFlags) throws -> [String: String] {
    // As Java's tools spread keys over partitions.
    var properties = ["partitioner": "murmur2_random"]
    if let file = flags["--producer.config"] { properties.merge(try ClientProperties.read(file)) { _, new in new } }
    properties.merge(try flags.pairs("--producer-property")) { _, new in new }
    if let acks = flags["--request-required-acks"] { properties["acks"] = acks }
    return properties
  }

  private static func write(
    _ input: Int32, _ topic: String, _ form: LineForm, _ producer: KafkaProducer, _ report: (String) -> Void
  ) throws -> Int32 {
    var rest: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: readSize)
    var line = 0
    var written = 0
    var failed = 0
    func send(_ lines: some Sequence<ArraySlice<UInt8>>) {
      let first = line + 1
      var records: [Record] = []
      for text in lines {
        line += 1
        do { records.append(try form.record(text)) } catch {
          failed += 1
          report("line \(line): \(error)")
        }
      }
      if records.isEmpty { return }
      do {
        _ = try producer.append(records, to: TopicPartition(topic, -1))
        written += records.count
      } catch {
        failed += records.count
        report("lines \(first) to \(line), some or all of them: \(error)")
      }
    }
    while true {
      let count = read(input, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw MillError(.system, "reading lines: \(String(cString: strerror(errno)))") }
      rest += chunk[..<count]
      let end = count == 0 ? rest.count : (rest.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
      if end > 0 {
        var lines = rest[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        send(lines)
        rest.removeFirst(end)
      }
      guard rest.count <= lineSizeMax else {
        throw MillError(.limit, "line \(line + 1) is longer than \(lineSizeMax) bytes")
      }
      if count == 0 { break }
    }
    if failed > 0 { report("\(written) records written, \(failed) lines were not") }
    return failed == 0 ? 0 : 1
  }
}

/// How a line is taken apart: kafka-console-producer's `--property` names.
struct LineForm {
  private var hasKey = false
  private var hasHeaders = false
  private var keySeparator = Array("\t".utf8)
  private var headersDelimiter = Array("\t".utf8)
  private var headersSeparator = Array(",".utf8)
  private var headerKeySeparator = Array(":".utf8)
  private var nullMarker: [UInt8]?
  private var ignoresErrors = false

  /// - Throws: `.configuration` for an unknown name.
  init(_ properties: [String: String] = [:]) throws {
    for (name, value) in properties {
      switch name {
      case "parse.key": hasKey = value == "true"
      case "parse.headers": hasHeaders = value == "true"
      case "key.separator": keySeparator = Array(value.utf8)
      case "headers.delimiter": headersDelimiter = Array(value.utf8)
      case "headers.separator": headersSeparator = Array(value.utf8)
      case "headers.key.separator": headerKeySeparator = Array(value.utf8)
      case "null.marker": nullMarker = Array(value.utf8)
      case "ignore.error": ignoresErrors = value == "true"
      default:
        throw MillError(
          .configuration, "unknown property \(name)",
          wayOut: Nearest.advice(
            for: name,
            among: [
              "parse.key", "parse.headers", "key.separator", "headers.delimiter", "headers.separator",
              "headers.key.separator", "null.marker", "ignore.error",
            ]))
      }
    }
  }

  /// - Throws: `.badInput` when a separator is missing.
  func record(_ line: ArraySlice<UInt8>) throws -> Record {
    var rest = line
    var record = Record(value: nil)
    if hasHeaders, let text = try cut(&rest, headersDelimiter, "the headers") {
      record.headers = try split(text, headersSeparator).map { header in
        guard let range = header.firstRange(of: headerKeySeparator) else {
          throw MillError(.badInput, "no '\(String(decoding: headerKeySeparator, as: UTF8.self))' in a header")
        }
        return .init(
          String(decoding: header[..<range.lowerBound], as: UTF8.self), orNull(header[range.upperBound...]))
      }
    }
    if hasKey, let key = try cut(&rest, keySeparator, "the key") { record.key = orNull(key) }
    record.value = orNull(rest)
    return record
  }

  private func cut(
    _ rest: inout ArraySlice<UInt8>, _ separator: [UInt8], _ what: String
  ) throws -> ArraySlice<UInt8>? {
    guard let range = rest.firstRange(of: separator) else {
      if ignoresErrors { return nil }
      throw MillError(.badInput, "nothing ends \(what): no '\(String(decoding: separator, as: UTF8.self))'")
    }
    defer { rest = rest[range.upperBound...] }
    return rest[..<range.lowerBound]
  }

  private func split(_ text: ArraySlice<UInt8>, _ separator: [UInt8]) -> [ArraySlice<UInt8>] {
    var parts: [ArraySlice<UInt8>] = []
    var rest = text
    while let range = rest.firstRange(of: separator) {
      parts.append(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
    }
    return text.isEmpty ? [] : parts + [rest]
  }

  private func orNull(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    let bytes = Array(bytes)
    return bytes == nullMarker ? nil : bytes
  }
}
