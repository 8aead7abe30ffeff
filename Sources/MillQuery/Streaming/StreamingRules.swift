import MillBase
import MillColumns

/// What a stream can't do, before it starts: the rules and, where they have one, the error conditions of Spark's
/// UnsupportedOperationChecker.
struct StreamingRules {
  let file: String?
  let mode: OutputMode

  func check(_ plan: Plan) throws {
    let groupings = aggregations(plan)
    if mode == .complete, groupings == 0 {
      throw unsupportedMode("no streaming aggregations", at: SourcePosition(line: 1, column: 1))
    }
    let stateful = statefulCount(plan)
    if groupings > 0, stateful > 1, mode != .append {
      throw error(
        "several stateful operators after each other run in the output mode append only: what the lower one changes "
          + "later could be late for the upper one", at: SourcePosition(line: 1, column: 1))
    }
    try visit(plan, isAggregatedAbove: false)
  }

  private func aggregations(_ plan: Plan) -> Int {
    var below = plan.inputs.reduce(0) { $0 + aggregations($1) }
    if case .aggregate(_, _, _, let input) = plan, input.isStreaming { below += 1 }
    return below
  }

  private func statefulCount(_ plan: Plan) -> Int {
    let below = plan.inputs.reduce(0) { $0 + statefulCount($1) }
    switch plan {
    case .aggregate(_, _, _, let input), .deduplicate(_, _, let input): return below + (input.isStreaming ? 1 : 0)
    default: return below
    }
  }

  private func visit(_ plan: Plan, isAggregatedAbove: Bool) throws {
    guard plan.isStreaming else { return }
    var isAggregated = isAggregatedAbove
    switch plan {
    case .aggregate(let keys, let calls, _, _):
      isAggregated = true
      let position = keys.first?.position ?? calls.first?.position ?? SourcePosition(line: 1, column: 1)
      if mode == .append, plan.eventTimes.isEmpty {
        throw unsupportedMode(
          "streaming aggregations without watermark", at: position,
          wayOut: "group by the event time or a window of it, with FROM … WATERMARK time DELAY OF INTERVAL …, or use "
            + "the output mode update or complete")
      }
      for call in calls {
        if call.isDistinct, call.name != "collect_set" {
          throw error("\(call.name)(DISTINCT …) is not supported over a stream", at: call.position)
        }
        if !(call.accumulator() is any KeptAccumulator) {
          throw error("the aggregate function \(call.name) is not supported yet over a stream", at: call.position)
        }
      }
    case .sort(_, let position, let input):
      if mode != .complete || aggregations(input) == 0 {
        throw error(
          "ORDER BY over a stream needs an aggregation in the output mode complete", at: position)
      }
    case .window(let calls, _):
      throw error("the window function \(calls[0].name) is not supported over a stream", at: calls[0].position)
    case .limit(_, _, let position, let input):
      if mode != .complete || aggregations(input) == 0 {
        throw error("LIMIT over a stream needs an aggregation in the output mode complete", at: position)
      }
    case .deduplicate(let deduplication, let position, let input):
      if deduplication.isWithinWatermark, input.eventTimes.isEmpty {
        throw error(
          "dropDuplicatesWithinWatermark is not supported on streams without watermark", at: position,
          wayOut: "give the stream one with withWatermark or WATERMARK … DELAY OF …")
      }
      if isAggregatedAbove == false, aggregations(input) > 0 {
        throw error("duplicates can't be dropped after an aggregation over a stream", at: position)
      }
    case .join(let join, let position, let left, let right):
      if left.isStreaming, right.isStreaming {
        throw error("a join of two streams is not supported yet", at: position)
      }
      if (right.isStreaming && join.kind != .inner && join.kind != .right)
        || (left.isStreaming && (join.kind == .right || join.kind == .full))
      {
        let side = left.isStreaming ? "left" : "right"
        throw error(
          "a \(join.kind.rawValue) join with the stream on the \(side) is not supported", at: position,
          wayOut: "join INNER, or keep all rows of the stream's side")
      }
    case .unionAll(let parts) where parts.contains { !$0.isStreaming }:
      throw error(
        "UNION ALL of a stream with something that is none is not supported", at: SourcePosition(line: 1, column: 1))
    default: break
    }
    for input in plan.inputs { try visit(input, isAggregatedAbove: isAggregated) }
  }

  private func unsupportedMode(
    _ what: String, at position: SourcePosition, wayOut: String? = nil
  ) -> MillError {
    error(
      "[STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION] Invalid streaming output mode: \(mode.rawValue). This output mode "
        + "is not supported for \(what) on streaming DataFrames/DataSets. SQLSTATE: 42KDE", at: position,
      wayOut: wayOut)
  }

  private func error(_ message: String, at position: SourcePosition, wayOut: String? = nil) -> MillError {
    MillError(
      .configuration, message, at: .init(file: file, line: position.line, column: position.column), wayOut: wayOut)
  }
}
