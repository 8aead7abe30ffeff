import MillColumns

/// dropDuplicates over a batch: the first row of every key.
struct FirstRows {
  /// Rows with their keys, which lanes make.
  struct Keyed: Sendable {
    let batch: ColumnBatch
    let keys: KeyRows

    init(_ batch: ColumnBatch, _ plan: DeduplicatePlan) {
      self.batch = batch
      keys = KeyRows(plan.columns.map { batch.columns[$0] }, count: batch.count)
    }
  }

  private let seen = KeyTable()

  func filter(_ keyed: Keyed) -> ColumnBatch {
    var rows: [Int32] = []
    _ = seen.insert(keyed.keys, newRows: &rows)
    return rows.count == keyed.batch.count ? keyed.batch : keyed.batch.take(rows)
  }
}
