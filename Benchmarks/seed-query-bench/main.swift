// The seed's query without SQL: file of documents → from_json → explode → line protocol, to tune its three parts.
// usage: seed-query-bench MODE IN OUT [lanes]
// MODE: lp (all of it) | read (no lines) | file (only the chunks) | sql (all of it, as the engine runs it from SQL)
import Glibc
import MillBase
import MillColumns
import MillQuery
import MillStore
import Synchronization

let arguments = CommandLine.arguments
guard arguments.count >= 4 else {
  print("usage: seed-query-bench lp|read|file|sql IN OUT [lanes]")
  exit(64)
}
let (mode, input, output) = (arguments[1], arguments[2], arguments[3])
let lanes = arguments.count > 4 ? Int(arguments[4])! : 2

let row = Schema([
  .init("ID Nation", .string), .init("Nation", .string), .init("ID Year", .integer), .init("Year", .string),
  .init("Population", .integer), .init("Slug Nation", .string),
])
let points = Schema(row.columns.map { .init(String($0.name.map { $0 == " " ? "_" : $0 }), $0.type) })

var mapping = PointMapping(measurement: .constant("population_data"), time: nil)
mapping.allowsServerTime = true
mapping.writesIntegersAsFloats = true

let file = try LineFile(input)
let target = try File(output, .truncate)
let encoder = try LineProtocolEncoder(mapping, schema: points)
let nextChunk = Atomic(0)
let nextByte = Atomic<Int64>(0)
let rowCount = Atomic(0)

@Sendable func lane() throws {
  let reader = try JSONReader(.struct(Schema([.init("data", .array(.struct(row)))])))
  var buffer = BufferBuilder()
  var lines = BufferBuilder()
  while true {
    let chunk = nextChunk.wrappingAdd(1, ordering: .relaxed).oldValue
    guard chunk < file.chunkCount else { return }
    try file.read(chunk: chunk, using: &buffer) { text in
      if mode == "file" { return }
      try reader.append(lines: UnsafeMutableRawBufferPointer(mutating: text))
      let data = reader.finish().column.children[0]
      let exploded = data.children[0].slice(from: data.offset(0), count: data.offset(data.count) - data.offset(0))
      rowCount.wrappingAdd(exploded.count, ordering: .relaxed)
      if mode == "read" { return }
      lines.count = 0
      _ = encoder.encode(ColumnBatch(points, exploded.children, count: exploded.count), into: &lines)
      let position = nextByte.wrappingAdd(Int64(lines.count), ordering: .relaxed).oldValue
      try target.write(UnsafeRawBufferPointer(start: lines.base, count: lines.count), at: position)
    }
  }
}

/// The same from SQL, in order.
@MainActor func runSQL() throws {
  let query = try CompiledQuery(
    script: """
      CREATE TEMPORARY VIEW pop USING text OPTIONS (path '\(input)');
      SELECT n.`ID Nation` AS ID_Nation, n.Nation, n.`ID Year` AS ID_Year, n.Year, n.Population,
        n.`Slug Nation` AS Slug_Nation
      FROM (SELECT explode(parsed.data) AS n FROM (SELECT from_json(value, '
        data ARRAY<STRUCT<`ID Nation`: STRING, Nation: STRING, `ID Year`: INT, Year: STRING, Population: INT,
          `Slug Nation`: STRING>>,
        source ARRAY<STRUCT<measures: ARRAY<STRING>, name: STRING, substitutions: ARRAY<STRING>>>') AS parsed FROM pop))
      """)
  let encoder = try LineProtocolEncoder(mapping, schema: query.schema)
  var position: Int64 = 0
  let summary = try BatchQuery.run(
    query, lanes: lanes,
    encode: { batch in
      var lines = BufferBuilder(capacity: batch.count * 128)
      _ = encoder.encode(batch, into: &lines)
      return lines.take()
    },
    sink: { lines in
      try target.write(UnsafeRawBufferPointer(start: lines.base, count: lines.count), at: position)
      position += Int64(lines.count)
    })
  rowCount.store(Int(summary.outputRows), ordering: .relaxed)
}

let start = Clock.steadyNanoseconds()
if mode == "sql" { try runSQL() }
let workers = (0..<(mode == "sql" ? 0 : lanes)).map { index in
  Worker("lane-\(index)") { _ in
    do { try lane() } catch { fatalError("\(error)") }
  }
}
for worker in workers { worker.join() }
let seconds = Double(Clock.steadyNanoseconds() - start) / 1e9
var usage = rusage()
getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
let cpu =
  Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
  + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
print(
  "{\"job\": \"millrace \(mode)\", \"wall_s\": \(seconds), \"cpu_s\": \(cpu), \"rows\": \(rowCount.load(ordering: .relaxed)), "
    + "\"MBps\": \(Double(file.size) / seconds / 1e6), \"cpu_MBps\": \(Double(file.size) / cpu / 1e6), \"rss_MB\": \(usage.ru_maxrss / 1024)}"
)
