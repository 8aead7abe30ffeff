import MillBase

/// What one trigger did: Spark's StreamingQueryProgress.
struct QueryProgress {
  struct Source {
    var description: String
    var start: KafkaOffsets?
    var end: KafkaOffsets
    var latest: KafkaOffsets
    var inputRows: Int64
  }

  var id: String
  var runId: String
  var name: String
  /// Milliseconds since 1970: when the trigger fired.
  var timestamp: Int64
  var batchId: Int64
  /// Milliseconds.
  var batchDuration: Int64
  /// Milliseconds by step.
  var durations: [(String, Int64)]
  var inputRows: Int64
  var outputRows: Int64
  /// Milliseconds since the trigger before; nil for the first.
  var sinceLastTrigger: Int64?
  var sources: [Source]
  var sinkDescription: String

  var json: JSONValue {
    let perSecond = rate(inputRows, sinceLastTrigger ?? 0)
    let processed = rate(inputRows, batchDuration)
    return .object([
      "id": .string(id), "runId": .string(runId), "name": .string(name),
      "timestamp": .string(Clock.iso8601(milliseconds: timestamp)), "batchId": .integer(batchId),
      "batchDuration": .integer(batchDuration), "numInputRows": .integer(inputRows), "inputRowsPerSecond": perSecond,
      "processedRowsPerSecond": processed,
      "durationMs": .object(JSONValue.Object(durations.sorted { $0.0 < $1.0 }.map { ($0.0, JSONValue.integer($0.1)) })),
      "stateOperators": .array([]),
      "sources": .array(
        sources.map { source in
          .object([
            "description": .string(source.description), "startOffset": source.start?.json ?? .null,
            "endOffset": source.end.json, "latestOffset": source.latest.json,
            "numInputRows": .integer(source.inputRows),
            "inputRowsPerSecond": rate(source.inputRows, sinceLastTrigger ?? 0),
            "processedRowsPerSecond": rate(source.inputRows, batchDuration), "metrics": metrics(source),
          ])
        }),
      "sink": .object(["description": .string(sinkDescription), "numOutputRows": .integer(outputRows)]),
    ])
  }

  private func rate(_ rows: Int64, _ milliseconds: Int64) -> JSONValue {
    .double(milliseconds <= 0 ? 0 : Double(rows) * 1000 / Double(milliseconds))
  }

  /// How far the batch's end is behind what there was, over the partitions; texts, as in Spark.
  private func metrics(_ source: Source) -> JSONValue {
    let behind = source.latest.next.map { max(0, $0.value - (source.end.next[$0.key] ?? 0)) }
    guard !behind.isEmpty else { return .object([:]) }
    let average = Double(behind.reduce(0, +)) / Double(behind.count)
    return .object([
      "avgOffsetsBehindLatest": .string("\(average)"), "maxOffsetsBehindLatest": .string("\(behind.max()!)"),
      "minOffsetsBehindLatest": .string("\(behind.min()!)"),
    ])
  }
}
