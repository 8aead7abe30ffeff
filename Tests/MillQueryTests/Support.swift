import Glibc
import MillBase
import MillColumns
import MillLog

@testable import MillQuery

/// Where the recorded documents are: the folder `shared` beside the checkout, or what MILLRACE_SHARED names.
let sharedDirectory: String? = {
  let named = getenv("MILLRACE_SHARED").map { String(cString: $0) }
  let beside = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined() + "/shared"
  return [named, beside].compactMap(\.self).first { Files.exists("\($0)/data/ref") }
}()

/// A record batch with these values, at offsets from `offset` on.
func records(
  _ values: [String?], topic: String = "pop", partition: Int32 = 0, offset: Int64 = 0, timestamp: Int64 = 0
) -> RecordBatch {
  var batch = RecordBatch(
    topicPartition: TopicPartition(topic, partition), nextOffset: offset + Int64(values.count))
  for (index, value) in values.enumerated() {
    batch.slots.append(
      .init(
        offset: offset + Int64(index), timestamp: timestamp, keyStart: -1, keyCount: 0,
        valueStart: value == nil ? -1 : Int32(batch.bytes.count), valueCount: Int32(value?.utf8.count ?? 0),
        headersStart: Int32(batch.bytes.count + (value?.utf8.count ?? 0))))
    batch.bytes += (value ?? "").utf8
    // No headers.
    batch.bytes.append(0)
  }
  return batch
}

/// `FROM pop` over a topic of that name.
func overTopic(_ select: String, options: String = "", ansi: Bool = true) throws -> CompiledQuery {
  try CompiledQuery(
    script: """
      CREATE TEMPORARY VIEW pop USING kafka OPTIONS (
        kafka.bootstrap.servers 'localhost:9092', subscribe 'pop', startingOffsets 'earliest'\(options));
      \(select)
      """, file: "q.sql", ansi: ansi)
}

/// The rows as text: columns joined by `|`, null as `null`.
func rows(_ batch: ColumnBatch) -> [String] {
  (0..<batch.count).map { row in batch.columns.map { $0.text(row) ?? "null" }.joined(separator: "|") }
}

/// The seed's job as Spark SQL.
let seedSelect = """
  SELECT nation_data.`ID Nation` AS ID_Nation, nation_data.Nation, nation_data.`ID Year` AS ID_Year, nation_data.Year,
    nation_data.Population, nation_data.`Slug Nation` AS Slug_Nation
  FROM (
    SELECT data, explode(data) AS nation_data
    FROM (SELECT parsed.* FROM (SELECT from_json(CAST(value AS STRING), '
      data ARRAY<STRUCT<`ID Nation`: STRING, Nation: STRING, `ID Year`: INT, Year: STRING, Population: INT,
        `Slug Nation`: STRING>>,
      source ARRAY<STRUCT<measures: ARRAY<STRING>, annotations: STRUCT<source_name: STRING,
        source_description: STRING, dataset_name: STRING, dataset_link: STRING, table_id: STRING, topic: STRING,
        subtopic: STRING>, name: STRING, substitutions: ARRAY<STRING>>>') AS parsed FROM pop))
  )
  """
