import MillBase

/// Reads the rows of one group of series.
struct RowLoader {
  let plan: SelectPlan
  let expressions: [Expression]
  let measurement: InputMeasurement

  /// - Parameter left: how many rows the statement may still read.
  func load(_ series: [InputSeries], _ left: inout Int) throws -> RowTable {
    var names: [String] = []
    for name in expressions.flatMap(\.references) + (plan.condition?.references ?? []) where !names.contains(name) {
      names.append(name)
    }
    var rows = RowTable(columns: names)
    // Rows that come and go in the order of the query need not be limited after sorting.
    let (from, through) = bounds()
    let stops = plan.isRaw && series.count == 1 && plan.statement.limit > 0
    let enough = stops ? plan.statement.limit.addingReportingOverflow(plan.statement.offset).partialValue : Int.max
    for one in series {
      let reader = SeriesReader(series: one, names: names, measurement: measurement, plan: plan)
      try reader.read(from: from, through: through) { time, cells in
        left -= 1
        if left < 0 {
          throw InfluxQLError("max-select-point limit exceeed: (\(SelectRun.rowsMax + 1)/\(SelectRun.rowsMax))")
        }
        rows.append(time, cells)
        return rows.count < enough || !stops
      }
    }
    if !(plan.isRaw && measurement.keepsOrder) { rows.sort(isAscending: plan.isAscending) }
    return rows
  }

  /// The time range, widened by the intervals that transformations look back.
  private func bounds() -> (Int64, Int64) {
    // A transformation looks back one interval; there may be one within another.
    let depth = plan.calls.count {
      if case .call(let name, _) = $0 { Function(rawValue: name)?.isTransformation == true } else { false }
    }
    let extra = plan.interval.duration.multipliedReportingOverflow(by: Int64(depth)).partialValue
    var low = plan.range.min ?? InfluxTime.min
    var high = plan.range.max ?? InfluxTime.max
    if plan.isAscending, plan.range.min != nil { low = low.addingClamped(0 &- extra) }
    if !plan.isAscending { high = high.addingClamped(extra) }
    return (low, high)
  }
}

/// Reads the rows of one series that meet the condition.
private struct SeriesReader {
  let series: InputSeries
  let names: [String]
  let measurement: InputMeasurement
  let plan: SelectPlan
  /// A row with the tags in it and nulls for the fields.
  private let template: [FieldValue]
  /// Nil when the tags alone let every row through.
  private let condition: Expression?

  init(series: InputSeries, names: [String], measurement: InputMeasurement, plan: SelectPlan) {
    self.series = series
    self.names = names
    self.measurement = measurement
    self.plan = plan
    template = names.map { name in
      measurement.fields[name] == nil ? series.tag(name).map { .string($0) } ?? .null : .null
    }
    let decision = Evaluation.decide(
      plan.condition, tag: { series.tag($0) ?? "" }, isField: { measurement.fields[$0] != nil })
    condition = decision == true ? nil : plan.condition
  }

  /// - Parameter body: false ends the reading.
  func read(from: Int64, through: Int64, _ body: (Int64, [FieldValue]) throws -> Bool) throws {
    let indices = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    func passes(_ row: [FieldValue]) -> Bool {
      guard let condition else { return true }
      return Evaluation.holds(condition) { name in
        // A tag that is not there is an empty text in a condition.
        guard let index = indices[name] else { return .null }
        return measurement.fields[name] == nil && row[index].isNull ? .string("") : row[index]
      }
    }
    switch series.origin {
    case .stored(let database, let id):
      // Field number → column; numbers of fields that came since the catalog was read have no column.
      var columns = Array(repeating: -1, count: (measurement.fields.values.map(\.number).max() ?? 0) + 1)
      for (name, field) in measurement.fields { if let index = indices[name] { columns[field.number] = index } }
      let hasFields = columns.contains { $0 >= 0 }
      guard hasFields else { return }
      try database.storage.snapshot { reader in
        var row = template
        try reader.scan(series: id, from: from, through: through, isAscending: plan.isAscending) { time, bytes in
          var fields = FieldReader(bytes)
          var isAny = false
          while let header = fields.next() {
            if header.number < columns.count, columns[header.number] >= 0 {
              row[columns[header.number]] = fields.value(header.type)
              isAny = true
            } else {
              fields.skip(header.type)
            }
          }
          guard !fields.isDamaged else {
            throw MillError(
              .corrupt, "the fields of series \(id) at \(time) are damaged", at: .init(key: database.name))
          }
          if !isAny { return true }
          defer { row = template }
          return passes(row) ? try body(time, row) : true
        }
      }
    case .computed(let columns, let times, let rows):
      let sources = names.map { columns.firstIndex(of: $0) }
      for (time, values) in zip(times, rows) where time >= from && time <= through {
        var row = template
        for (index, source) in sources.enumerated() { if let source { row[index] = values[source] } }
        if passes(row), try !body(time, row) { return }
      }
    }
  }
}
