import MillBase

/// What one trigger did: Spark's StreamingQueryProgress.
struct QueryProgress {
  struct Source {
    var description: String
    /// nil for the first micro-batch.
    var start: JSONValue?
    var end: JSONValue?
    var latest: JSONValue?
    var inputRows: Int64
    var metrics: JSONValue
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
  /// With a watermark: it, and the event times of this micro-batch. Milliseconds.
  var watermark: Int64?
  var eventTimes: EventTimeStats?
  var states: [StateProgress] = []
  var sources: [Source]
  var sinkDescription: String

  var json: JSONValue {
    let perSecond = rate(inputRows, sinceLastTrigger ?? 0)
    let processed = rate(inputRows, batchDuration)
    var fields: JSONValue.Object = [
      "id": .string(id), "runId": .string(runId), "name": .string(name),
      "timestamp": .string(Clock.iso8601(milliseconds: timestamp)), "batchId": .integer(batchId),
      "batchDuration": .integer(batchDuration), "numInputRows": .integer(inputRows), "inputRowsPerSecond": perSecond,
      "processedRowsPerSecond": processed,
      "durationMs": .object(JSONValue.Object(durations.sorted { $0.0 < $1.0 }.map { ($0.0, JSONValue.integer($0.1)) })),
    ]
    if watermark != nil { fields["eventTime"] = eventTime }
    fields["stateOperators"] = .array(states.map(\.json))
    fields["sources"] = .array(
      sources.map { source in
        .object([
          "description": .string(source.description), "startOffset": source.start ?? .null,
          "endOffset": source.end ?? .null, "latestOffset": source.latest ?? .null,
          "numInputRows": .integer(source.inputRows),
          "inputRowsPerSecond": rate(source.inputRows, sinceLastTrigger ?? 0),
          "processedRowsPerSecond": rate(source.inputRows, batchDuration), "metrics": source.metrics,
        ])
      })
    fields["sink"] = .object(["description": .string(sinkDescription), "numOutputRows": .integer(outputRows)])
    return .object(fields)
  }

  private var eventTime: JSONValue {
    var times: JSONValue.Object = [:]
    func put(_ key: String, _ milliseconds: Int64) { times[key] = .string(Clock.iso8601(milliseconds: milliseconds)) }
    if let eventTimes, eventTimes.count > 0 {
      put("avg", eventTimes.average)
      put("max", eventTimes.greatest)
      put("min", eventTimes.least)
    }
    if let watermark { put("watermark", watermark) }
    return .object(times)
  }

  private func rate(_ rows: Int64, _ milliseconds: Int64) -> JSONValue {
    .double(milliseconds <= 0 ? 0 : Double(rows) * 1000 / Double(milliseconds))
  }
}

/// What a stateful operator did in a micro-batch: Spark's StateOperatorProgress.
struct StateProgress: Sendable {
  var operatorName: String
  var rowsTotal: Int
  var counts: StateStore.Counts
  var memoryBytes: Int
  /// Bytes that lie in files only.
  var spilledBytes: Int64
  var partitions: Int
  /// Milliseconds that writing the deltas took.
  var commitTime: Int64

  var json: JSONValue {
    .object([
      "operatorName": .string(operatorName), "numRowsTotal": .integer(Int64(rowsTotal)),
      "numRowsUpdated": .integer(Int64(counts.updated)), "numRowsRemoved": .integer(Int64(counts.removed)),
      "commitTimeMs": .integer(commitTime), "memoryUsedBytes": .integer(Int64(memoryBytes)),
      "numRowsDroppedByWatermark": .integer(Int64(counts.droppedByWatermark)),
      "numShufflePartitions": .integer(Int64(partitions)), "numStateStoreInstances": .integer(Int64(partitions)),
      "customMetrics": .object(["spilledBytes": .integer(spilledBytes)]),
    ])
  }
}
