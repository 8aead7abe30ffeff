import MillColumns

/// Files that no filter on partition columns lets through need not be opened.
struct PartitionPruning: Sendable {
  /// By source, for each scan of it: conditions over the scan's partition columns that a row has to meet.
  private var scans: [String: [[Expression]]] = [:]

  init(_ plan: Plan) {
    collect(plan, [])
    scans = scans.filter { $0.value.allSatisfy { !$0.isEmpty } }
  }

  /// - Parameter filters: what is asked of the plan's rows.
  private mutating func collect(_ plan: Plan, _ filters: [Expression]) {
    switch plan {
    case .filter(let condition, let input): collect(input, filters + condition.conjuncts)
    case .project(let expressions, _, let input):
      let below = filters.map { filter in
        filter.rewritten { if case .column(let index) = $0.node { expressions[index] } else { nil } }
      }
      collect(input, below)
    case .generate(_, _, let input):
      collect(input, filters.filter { $0.columns.allSatisfy { $0 < input.schema.count } })
    case .unionAll(let inputs): for input in inputs { collect(input, filters) }
    // The times of rows that a filter above it drops count.
    case .watermark(_, let input): collect(input, [])
    case .scan(let source):
      guard case .files(let files) = source.kind, case .known(let columns) = files.partitions else { return }
      let partitions = (source.schema.count - columns.count)..<source.schema.count
      scans[source.name, default: []].append(
        filters.filter { $0.columns.allSatisfy { partitions.contains($0) } && !$0.columns.isEmpty })
    // What operators make that see all rows is asked for what is below them by their own pipelines.
    case .oneRow, .rows, .aggregate, .window, .sort, .limit, .join, .deduplicate: break
    }
  }

  /// The files that may have rows for the query.
  func pruned(_ items: [FileChunks.Item], _ query: CompiledQuery, now: Int64) throws -> [FileChunks.Item] {
    if scans.isEmpty { return items }
    return try query.withLane(now: now) { lane in
      var known: [String: [[Value]: Bool]] = [:]
      return items.filter { item in
        guard let filters = scans[item.source] else { return true }
        if let keeps = known[item.source]?[item.partition] { return keeps }
        let keeps = filters.contains { all in
          all.allSatisfy { Self.holds($0, item.partition, query, item.source, lane) }
        }
        known[item.source, default: [:]][item.partition] = keeps
        return keeps
      }
    }
  }

  /// A condition that can't be computed may hold: reading the file says what is wrong.
  private static func holds(
    _ condition: Expression, _ values: [Value], _ query: CompiledQuery, _ source: String, _ lane: Lane
  ) -> Bool {
    guard let schema = query.sources.first(where: { $0.name == source })?.schema else { return true }
    let columns = schema.columns.indices.map { index in
      index == 0 ? nil : Vector(constant: Column(schema.columns[index].type, [values[index - 1]]), count: 1)
    }
    let evaluation = Evaluation(frame: Frame(columns: columns, count: 1, slot: { $0 }), active: nil, lane: lane)
    guard let mask = try? condition.evaluate(evaluation) else { return true }
    return !mask.column.trueRows().isEmpty
  }
}

extension Expression {
  /// Numbers of the input's columns that it looks at.
  fileprivate var columns: Set<Int> {
    if case .column(let index) = node { return [index] }
    return children.reduce(into: []) { $0.formUnion($1.columns) }
  }
}
