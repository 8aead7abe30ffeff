import MillBase
import MillColumns

/// WATERMARK and DEDUPLICATE.
extension Analyzer {
  /// WATERMARK … DELAY OF …
  mutating func watermarked(
    _ relation: (plan: Plan, scope: Scope), _ clause: WatermarkClause
  ) throws -> (Plan, Scope) {
    var (plan, scope) = relation
    let time = try expression(clause.time, scope)
    guard time.type == .timestamp || time.type == TimeWindow.type else {
      throw error(
        "[EVENT_TIME_IS_NOT_ON_TIMESTAMP_TYPE] the event time is \(time.type.sql), but must be TIMESTAMP",
        at: clause.time.position, wayOut: "write WATERMARK to_timestamp(…) AS name DELAY OF …")
    }
    let column: Int
    if let alias = clause.alias {
      column = 0
      let others = plan.schema.columns.enumerated().map { index, column in
        Expression(.column(index), column.type, clause.position)
      }
      plan = .project([time] + others, Schema([.init(alias, time.type)] + plan.schema.columns), plan)
      scope.entries.insert(
        .init(qualifier: scope.entries.first?.qualifier, name: alias, type: time.type), at: 0)
    } else if case .column(let index) = time.node {
      column = index
    } else {
      throw error(
        "an expression as event time needs a name", at: clause.time.position,
        wayOut: "write WATERMARK … AS name DELAY OF …")
    }
    return (try watermark(plan, column, clause.delayMicroseconds, at: clause.position), scope)
  }

  mutating func watermark(
    _ plan: Plan, _ column: Int, _ delayMicroseconds: Int64, at position: SourcePosition
  ) throws -> Plan {
    guard delayMicroseconds >= 0 else { throw error("a watermark's delay must not be negative", at: position) }
    defer { watermarkCount += 1 }
    return .watermark(
      Watermark(number: watermarkCount, column: column, delayMilliseconds: delayMicroseconds / 1000), plan)
  }

  /// DEDUPLICATE [BY (…)] [WITHIN WATERMARK]
  func deduplicated(
    _ relation: (plan: Plan, scope: Scope), _ clause: DeduplicateClause
  ) throws -> (Plan, Scope) {
    let (plan, scope) = relation
    let named = try clause.columns.map { name -> Int in
      let found = scope.indices(of: name)
      if found.count == 1 { return found[0] }
      let nearest = Nearest.name(to: name, among: scope.names)
      throw error(
        "DEDUPLICATE: the column \(name) \(found.isEmpty ? "can't be found" : "is ambiguous")", at: clause.position,
        wayOut: found.isEmpty ? nearest.map { "did you mean \(DataType.quoted($0))?" } : nil)
    }
    let columns = clause.columns.isEmpty ? Array(plan.schema.columns.indices) : named
    for column in columns where plan.schema.columns[column].type.containsMap {
      throw error("DEDUPLICATE over \(plan.schema.columns[column].type.sql) is not supported", at: clause.position)
    }
    let deduplication = Deduplication(columns: columns, isWithinWatermark: clause.isWithinWatermark)
    return (.deduplicate(deduplication, clause.position, plan), scope)
  }
}
