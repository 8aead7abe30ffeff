import MillColumns

/// dropDuplicates and dropDuplicatesWithinWatermark over a stream: a key's first row goes through.
struct StatefulDeduplicate {
  let plan: DeduplicatePlan
  let store: StateStore
  let watermarks: Watermarks
  private let keys: StateKeys

  init(_ plan: DeduplicatePlan, _ store: StateStore, _ watermarks: Watermarks) {
    self.plan = plan
    self.store = store
    self.watermarks = watermarks
    keys = plan.keys
  }

  /// The rows of the batch that are new.
  func filter(_ batch: ColumnBatch) throws -> ColumnBatch {
    let columns = plan.columns.map { batch.columns[$0] }
    var (candidates, times): ([Int32], [Int64?]) = ([], [])
    var list = KeyList()
    for row in 0..<batch.count {
      let time = plan.state?.eventTime?.value(batch.columns, row)
      if let time, watermarks.isLate(time) {
        store.counts.droppedByWatermark += 1
        continue
      }
      candidates.append(Int32(row))
      times.append(time)
      list.append { keys.append(columns, row, to: &$0) }
    }
    var rows: [Int32] = []
    for number in store.lookupOrder(list) {
      if try list.with(number, { try put($0, times[number]) }) { rows.append(candidates[number]) }
    }
    rows.sort()
    store.counts.updated += rows.count
    return rows.count == batch.count ? batch : batch.take(rows)
  }

  private func put(_ key: UnsafeRawBufferPointer, _ time: Int64?) throws -> Bool {
    let hash = StateMap.hash(key)
    let partition = store.partition(hash)
    if try partition.value(hash, key, { _ in true }) != nil { return false }
    guard plan.isWithinWatermark else {
      partition.set(hash, key, UnsafeRawBufferPointer(start: nil, count: 0), isNew: true)
      if let time = keys.time(key), let earliest = partition.earliest, time < earliest { partition.earliest = time }
      return true
    }
    // In milliseconds, and a row without a time counts as of 1970, as in Spark.
    let expiry = ((time ?? 0).flooredDivision(by: 1000) + plan.delayMilliseconds) * 1000
    withUnsafeBytes(of: expiry.littleEndian) { partition.set(hash, key, $0, isNew: true) }
    if let earliest = partition.earliest, expiry < earliest { partition.earliest = expiry }
    return true
  }

  /// Forgets the keys that the watermark has passed.
  func evict() throws {
    let limit = watermarks.evictionMicroseconds
    guard plan.isWithinWatermark || (plan.hasTimeInKey && watermarks.hasMoved) else { return }
    for partition in store.partitions where (partition.earliest ?? .min) <= limit {
      var closed = KeyList()
      var earliest = Int64.max
      try partition.forEach { key, value in
        let time =
          plan.isWithinWatermark
          ? Int64(littleEndian: value.loadUnaligned(as: Int64.self)) : keys.time(key)
        guard let time else { return }
        if time <= limit { closed.append(key) } else { earliest = min(earliest, time) }
      }
      store.counts.removed += closed.count
      closed.forEach { partition.remove(StateMap.hash($0), $0) }
      partition.earliest = earliest
    }
  }
}

/// A deduplication, ready to run.
struct DeduplicatePlan: Sendable {
  /// The columns that make the key.
  var columns: [Int]
  var schema: Schema
  var isWithinWatermark: Bool
  /// Of the watermark, for isWithinWatermark.
  var delayMilliseconds: Int64
  var state: StateUse?

  var hasTimeInKey: Bool { state?.eventTime.map { columns.contains($0.column) } ?? false }

  var keys: StateKeys {
    var time = state?.eventTime
    time = time.flatMap { found in
      columns.firstIndex(of: found.column).map { index in
        var moved = found
        moved.column = index
        return moved
      }
    }
    return StateKeys(columns.map { schema.columns[$0].type }, eventTime: time)
  }
}
