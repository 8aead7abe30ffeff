import MillBase
import MillColumns
import MillQuery
import MillStore

extension MillraceCommand {
  static let query = Command(
    name: "query", summary: "Run a Spark SQL script over files and topics, once.", usage: "SCRIPT.sql [flags]",
    flags: [
      Flag("--input", "PATH", "file or directory instead of the script's path"),
      Flag("--output", "FILE", "default: standard output"),
      Flag("--format", "json|influxdb", "an object a row (default), or line protocol"),
      Flag("--measurement", "NAME", "influxdb: of all points"),
      Flag("--tags", "A,B", "influxdb: columns that become tags"),
      Flag("--time", "COLUMN", "influxdb: the points' time"),
      Flag("--server-time", "influxdb: points without a time, the server sets it"),
      Flag("--integers-as-floats", "influxdb: whole numbers without the i"),
      Flag("--lanes", "N", "threads; default: the processors"),
      Flag("--explain", "print the plan, run nothing"),
    ],
    examples: [
      "millrace query rows.sql --input documents.jsonl",
      "millrace query rows.sql --input documents.jsonl --format influxdb --measurement m --tags a,b --time t",
    ],
    run: { arguments in
      let script = try arguments.only("SCRIPT.sql")
      let query = try CompiledQuery(script: Files.readText(script), file: script)
      if arguments.has("--explain") {
        print(query.planText)
        return 0
      }
      let encode = try encoder(arguments, query.schema)
      guard let lanes = Int(arguments["--lanes"] ?? "\(BatchQuery.processorCount)"), lanes > 0 else {
        throw MillError(.configuration, "--lanes must be a whole number above 0")
      }
      let output = try OutputStream(arguments["--output"])
      FreedMemory.keep(blocksUpTo: 32 << 20, total: 256 << 20)
      let logs = LogDirectory(local: nil, properties: [:])
      var malformed = 0
      let summary = try BatchQuery.run(
        query, inputs: arguments["--input"].map { [$0] },
        places: .init(log: { try logs.log($0.bootstrapServers, properties: $0.clientOptions) }), lanes: lanes,
        onMalformed: { origin, reason in
          malformed += 1
          if malformed <= malformedShown { report("\(origin): \(reason)") }
        }, encode: encode, sink: { try output.write($0) })
      if malformed > malformedShown { report("… and \(malformed - malformedShown) more of \(summary.inputRows) lines") }
      return malformed == 0 ? 0 : 1
    })

  /// Lines that are no JSON are named up to this number, then counted.
  static let malformedShown = 10

  private static func encoder(
    _ arguments: Arguments, _ schema: Schema
  ) throws -> @Sendable (ColumnBatch) throws -> Buffer {
    switch arguments["--format"] ?? "json" {
    case "json":
      return { batch in
        var lines = BufferBuilder()
        for row in 0..<batch.count {
          batch.rowJSON(row).withUnsafeBytes { lines.append($0) }
          lines.append(UInt8(ascii: "\n"))
        }
        return lines.take()
      }
    case "influxdb":
      var mapping = PointMapping(
        measurement: .constant(try arguments.required("--measurement")),
        tags: arguments["--tags"]?.split(separator: ",").map(String.init) ?? [], time: arguments["--time"])
      mapping.allowsServerTime = arguments.has("--server-time")
      mapping.writesIntegersAsFloats = arguments.has("--integers-as-floats")
      let encoder = try LineProtocolEncoder(mapping, schema: schema)
      return { batch in
        var lines = BufferBuilder()
        let points = encoder.encode(batch, into: &lines)
        if let rejected = points.rejected.first {
          throw MillError(
            .badInput, "a row can't be a point: \(rejected.reason)",
            at: .init(key: String(decoding: batch.rowJSON(rejected.row), as: UTF8.self)))
        }
        return lines.take()
      }
    case let format:
      throw MillError(.configuration, "the format '\(format)' is not known", wayOut: "json and influxdb are")
    }
  }
}

/// A file being written from its beginning, or standard output.
private final class OutputStream {
  private let file: File?
  private var position: Int64 = 0

  init(_ path: String?) throws { file = try path.map { try File($0, .truncate) } }

  func write(_ lines: Buffer) throws {
    let bytes = UnsafeRawBufferPointer(start: lines.base, count: lines.count)
    if let file {
      try file.write(bytes, at: position)
      position += Int64(bytes.count)
    } else {
      try System.writeAll(bytes, to: 1, "standard output")
    }
  }
}
