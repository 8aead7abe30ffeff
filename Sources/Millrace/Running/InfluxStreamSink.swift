import MillQuery
import MillStore

/// Spark's `writeStream.format("influxdb")`: the query's rows become points.
struct InfluxStreamSink: StreamSink {
  let sink: InfluxSink
  var description: String { "InfluxDBSink" }

  func addBatch(id: Int64, _ batch: MicroBatch) throws {
    while let rows = try batch.next() { try sink.addBatch(id: id, [rows]) }
  }
}
