import MillBase

/// Is the state of a checkpoint the query's? Number and type of keys and aggregates must not change over a checkpoint
/// (Structured Streaming guide, "recovery semantics after changes in a streaming query").
struct StateCheck {
  let checkpoint: Checkpoint
  /// The query's.
  let file: String?

  /// - Throws: `.configuration` that names the difference.
  func check(_ states: [StateUse]) throws {
    for state in states {
      guard let kept = try checkpoint.stateDescription(state.number) else {
        throw changed(
          "the checkpoint has no state of operator \(state.number), the \(Self.word(state.description)) of the query",
          state)
      }
      try compare(kept, state)
    }
    if let more = try checkpoint.stateDescription(states.count) {
      throw changed("the checkpoint has the state of one more operator, a \(Self.word(more)), than the query", nil)
    }
  }

  private static func word(_ state: StateDescription) -> String {
    state.operatorName == StateUse.Kind.aggregate.rawValue ? "GROUP BY" : "deduplication (\(state.operatorName))"
  }

  private func compare(_ kept: StateDescription, _ state: StateUse) throws {
    let now = state.description
    if kept.operatorName != now.operatorName {
      throw changed("the checkpoint has the state of a \(Self.word(kept)), the query has a \(Self.word(now))", state)
    }
    if kept.keys != now.keys {
      throw changed("the keys were \(list(kept.keys)), and are \(list(now.keys))", state)
    }
    if kept.values.count != now.values.count {
      throw changed("the aggregates were \(list(kept.values)), and are \(list(now.values))", state)
    }
    for (index, (old, new)) in zip(kept.values, now.values).enumerated() where old != new {
      throw changed("aggregate \(index + 1) was \(old), and is \(new)", state)
    }
  }

  private func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }

  private func changed(_ what: String, _ state: StateUse?) -> MillError {
    MillError(
      .configuration, "the query does not fit its checkpoint \(checkpoint.directory): \(what)",
      at: .init(file: file, line: state?.position.line, column: state?.position.column),
      wayOut: "number and type of keys and aggregates must stay: use another checkpointLocation, or the old query")
  }
}
