import Glibc
import MillBase
import MillLog

/// `millrace produce`: kafka-console-producer's flags, against any Kafka server.
public enum ProduceCommand {
  public static let help = """
    millrace produce: each line of standard input becomes a record of a topic.

    Send two records:
      printf 'one\\ntwo\\n' | millrace produce --bootstrap-server localhost:9092 --topic pop
    With keys:
      echo 'DK:5831404' | millrace produce --bootstrap-server localhost:9092 --topic pop \\
        --property parse.key=true --property key.separator=:
    With headers, and nulls (a tombstone deletes its key in a compacted topic):
      printf 'source:api\tDK\t\\N\n' | millrace produce --bootstrap-server localhost:9092 --topic pop \\
        --property parse.headers=true --property parse.key=true --property null.marker='\\N'
    Over TLS with a password (docs/log.md shows such a file):
      millrace produce --bootstrap-server broker:9093 --topic pop --command-config client.properties < users.jsonl
    A file, compressed:
      millrace produce --bootstrap-server localhost:9092 --topic pop --compression-codec=zstd < users.jsonl

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --topic NAME                   where the records go (required)
      --compression-codec[=CODEC]    none, gzip (without a value), snappy, lz4 or zstd
      --request-required-acks N      0, 1, -1 or all; default -1
      --property NAME=VALUE          parse.key, key.separator (a tab), parse.headers, headers.delimiter (a tab),
                                     headers.separator (,), headers.key.separator (:), null.marker, ignore.error
      --reader-config FILE           the names of --property, in a file (--reader-property is --property)
      --producer-property NAME=VALUE a client property, as for Java's clients (or --command-property)
      --producer.config FILE         client properties: security.protocol=… (or --command-config)
      --timeout MS                   linger.ms; and for other properties: --batch-size, --max-memory-bytes,
                                     --max-partition-memory-bytes, --message-send-max-retries, --metadata-expiry-ms,
                                     --request-timeout-ms, --retry-backoff-ms, --socket-buffer-size
      --max-block-ms MS              how long to wait for the server; default 10000
      --sync                         accepted: what was read is always acknowledged before more is read
      --help                         this text

    Exit code 1 when a line is no record or the server has not taken all; 64 for a wrong flag.
    """

  struct Parsed {
    var servers: String
    var topic: String
    var codec = Codec.none
    var properties: [String: String]
    var lines: RecordLines
    var connectionWait = Duration.seconds(10)

    /// Flags that stand for a producer's property. (`--batch-size` has the later name's meaning in Kafka too.)
    private static let settings = [
      "--request-required-acks": "acks", "--request-timeout-ms": "request.timeout.ms",
      "--message-send-max-retries": "retries", "--retry-backoff-ms": "retry.backoff.ms", "--timeout": "linger.ms",
      "--metadata-expiry-ms": "metadata.max.age.ms", "--max-memory-bytes": "buffer.memory",
      "--batch-size": "batch.size", "--max-partition-memory-bytes": "batch.size",
      "--socket-buffer-size": "send.buffer.bytes",
    ]

    init(_ words: [String]) throws {
      let flags = try ToolFlags(
        words,
        valued: Set(Self.settings.keys).union([
          "--bootstrap-server", "--broker-list", "--topic", "--property", "--producer-property", "--producer.config",
          "--reader-config", "--line-reader", "--max-block-ms",
        ]), optional: ["--compression-codec": "gzip"], plain: ["--sync"],
        aliases: [
          "--command-property": "--producer-property", "--command-config": "--producer.config",
          "--reader-property": "--property",
        ])
      servers = try flags["--bootstrap-server"] ?? flags["--broker-list"] ?? flags.required("--bootstrap-server")
      topic = try flags.required("--topic")
      if let name = flags["--line-reader"], !name.hasSuffix("LineMessageReader") {
        throw MillError(
          .configuration, "there is no reader '\(name)' here", wayOut: "LineMessageReader is the one that reads lines")
      }
      var reading = try flags["--reader-config"].map(PropertiesFile.plain) ?? [:]
      reading.merge(try flags.properties("--property")) { $1 }
      lines = try RecordLines(reading)
      properties = try flags.clientProperties("--producer.config", "--producer-property")
      for (flag, name) in Self.settings.sorted(by: { $0.key < $1.key }) {
        if let value = flags[flag] { properties[name] = value }
      }
      if let wait = try flags.number("--max-block-ms") { connectionWait = .milliseconds(max(1, wait)) }
      if let name = flags["--compression-codec"] ?? properties.removeValue(forKey: "compression.type") {
        guard let known = Codec(name: name) else {
          throw MillError(
            .configuration, "there is no compression codec '\(name)'",
            wayOut: Nearest.advice(for: name, among: Codec.allCases.map { "\($0)" }))
        }
        codec = known
      }
    }
  }

  /// - Parameter input: the next bytes; none at the end.
  /// - Returns: the exit code, 0, 1 or 64.
  public static func run(arguments: [String], input: () throws -> [UInt8], output: ToolOutput) -> Int32 {
    return output.run("produce", arguments.contains("--help") ? help : nil, parse: { try Parsed(arguments) }) {
      parsed in
      try send(parsed, input, output)
    }
  }

  /// Standard input, as it comes: a line that someone types is sent at once.
  public static func standardInput() throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
      count = try System.call("read", "standard input") { read(0, buffer.baseAddress, buffer.count) }
    }
  }

  private static func send(_ parsed: Parsed, _ input: () throws -> [UInt8], _ output: ToolOutput) throws -> Int32 {
    try Reachability.check(parsed.servers)
    var properties = parsed.properties
    properties["bootstrap.servers"] = parsed.servers
    let producer = try KafkaProducer(KafkaProperties(properties), codec: parsed.codec)
    defer { producer.close() }
    // A wrong password is said before the first line is read.
    try producer.checkConnection(timeout: parsed.connectionWait)
    var lines = parsed.lines
    var sent = 0
    var failed = 0
    var problem: (any Error)?
    while problem == nil {
      let chunk = try input()
      var records: [Record] = []
      // What stood before a line that is no record is sent.
      do { try lines.take(chunk, into: &records) } catch { problem = error }
      if !records.isEmpty {
        let (lost, error) = try producer.deliver(records, to: parsed.topic)
        if let error { output.err("Error: \(lost) of \(records.count) records not delivered: \(error)") }
        failed += lost
        sent += records.count - lost
      }
      if chunk.isEmpty { break }
    }
    if let problem { output.err("Error: \(problem)") }
    output.err("\(sent) records delivered" + (failed > 0 ? ", \(failed) failed" : ""))
    return failed > 0 || problem != nil ? 1 : 0
  }
}
