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
    A file, compressed:
      millrace produce --bootstrap-server localhost:9092 --topic pop --compression-codec=zstd < users.jsonl

    Options:
      --bootstrap-server HOST:PORT[,HOST:PORT]   the Kafka server (required)
      --topic NAME                   where the records go (required)
      --compression-codec[=CODEC]    none, gzip (without a value), snappy, lz4 or zstd
      --request-required-acks N      0, 1, -1 or all; default -1
      --property NAME=VALUE          parse.key, key.separator (a tab), parse.headers, headers.delimiter (a tab),
                                     headers.separator (,), headers.key.separator (:), null.marker, ignore.error
      --producer-property NAME=VALUE a client property, as for Java's clients
      --producer.config FILE         client properties (security.protocol=…)
      --help                         this text

    Exit code 1 when a line is no record or the server has not taken all; 64 for a wrong flag.
    """

  struct Parsed {
    var servers: String
    var topic: String
    var codec = Codec.none
    var properties: [String: String]
    var lines: RecordLines

    init(_ words: [String]) throws {
      let flags = try ToolFlags(
        words,
        valued: [
          "--bootstrap-server", "--broker-list", "--topic", "--request-required-acks", "--property",
          "--producer-property", "--producer.config",
        ], optional: ["--compression-codec": "gzip"], plain: [])
      servers = try flags["--bootstrap-server"] ?? flags["--broker-list"] ?? flags.required("--bootstrap-server")
      topic = try flags.required("--topic")
      lines = try RecordLines(flags.properties("--property"))
      properties = try flags.properties("--producer-property", file: "--producer.config")
      if let acks = flags["--request-required-acks"] { properties["acks"] = acks }
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
