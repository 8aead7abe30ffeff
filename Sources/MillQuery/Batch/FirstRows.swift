import MillColumns

/// dropDuplicates over a batch: the first row of every key.
struct FirstRows {
  private let columns: [Int]
  private var seen = KeyTable()

  init(_ plan: DeduplicatePlan) { columns = plan.columns }

  mutating func filter(_ batch: ColumnBatch) -> ColumnBatch {
    var rows: [Int32] = []
    var key: [UInt8] = []
    for row in 0..<batch.count {
      key.removeAll(keepingCapacity: true)
      for column in columns { KeyBytes.append(batch.columns[column], row, to: &key) }
      if seen.insert(key).isNew { rows.append(Int32(row)) }
    }
    return rows.count == batch.count ? batch : batch.take(rows)
  }
}
