import MillColumns

/// GROUP BY over a stream: the groups of a micro-batch are merged into the ones that are kept.
struct StatefulAggregate {
  let aggregation: Aggregation
  let store: StateStore
  let mode: OutputMode
  let watermarks: Watermarks
  private let keys: StateKeys
  /// Columns of the state for every function.
  private let bufferTypes: [[DataType]]

  init(_ aggregation: Aggregation, _ store: StateStore, _ mode: OutputMode, _ watermarks: Watermarks) {
    self.aggregation = aggregation
    self.store = store
    self.mode = mode
    self.watermarks = watermarks
    let types = aggregation.schema.columns.prefix(aggregation.keyCount).map(\.type)
    keys = StateKeys(Array(types), eventTime: aggregation.state?.eventTime)
    bufferTypes = aggregation.calls.map { ($0.call.accumulator() as? any KeptAccumulator)?.bufferTypes ?? [] }
  }

  private func accumulators(groups: Int) -> [any KeptAccumulator] {
    aggregation.calls.map { call in
      let accumulator = call.call.accumulator() as! any KeptAccumulator
      accumulator.grow(to: groups)
      return accumulator
    }
  }

  /// Takes the groups of the micro-batch; hands on what the output mode wants to see.
  ///
  /// - Throws: `RowFailure`: an overflow in ANSI mode.
  func run(_ table: AggregateTable, _ hand: (ColumnBatch) throws -> Bool) throws {
    // Without keys Spark has a row in every micro-batch.
    table.addRowWithoutKeys()
    let updated = try update(table)
    switch mode {
    case .complete: try handAll(hand)
    case .update:
      if let updated, !updated.isEmpty { _ = try hand(updated) }
      try evict(isWanted: false, hand)
    case .append: try evict(isWanted: true, hand)
    }
  }

  // MARK: Update

  /// - Returns: the groups that are not late, with their new results; nil when the mode does not want them.
  private func update(_ table: AggregateTable) throws -> ColumnBatch? {
    let columns = table.keys
    var kept: [Int32] = []
    // Late groups are merged into one that nobody looks at.
    var targets = [Int32](repeating: 0, count: table.groupCount)
    for group in 0..<table.groupCount {
      if mode != .complete, let time = aggregation.state?.eventTime?.value(columns, group),
        watermarks.isLate(time)
      {
        store.counts.droppedByWatermark += 1
        targets[group] = -1
      } else {
        targets[group] = Int32(kept.count)
        kept.append(Int32(group))
      }
    }
    for group in targets.indices where targets[group] < 0 { targets[group] = Int32(kept.count) }
    let accumulators = accumulators(groups: kept.count + 1)

    var list = KeyList()
    for group in kept { list.append { keys.append(columns, Int(group), to: &$0) } }
    var old = StateRows(bufferTypes.flatMap { $0 })
    var oldGroups: [Int32] = []
    for number in store.lookupOrder(list) {
      try list.with(number) { key in
        let hash = StateMap.hash(key)
        if try store.partition(hash).value(hash, key, { old.append($0) }) != nil { oldGroups.append(Int32(number)) }
      }
    }
    try merge(old.take(), oldGroups, into: accumulators)
    for (index, call) in aggregation.calls.enumerated() {
      try table.located(call) { try accumulators[index].merge(table.accumulators[index], groups: targets) }
    }
    put(accumulators.flatMap { $0.buffers() }, list, known: oldGroups)
    store.counts.updated += kept.count
    if mode != .update { return nil }
    let rows = (0..<Int32(kept.count)).map { $0 }
    let results = try aggregation.calls.indices.map { index in
      try table.located(aggregation.calls[index]) { try accumulators[index].result().take(rows) }
    }
    return ColumnBatch(aggregation.schema, columns.map { $0.take(kept) } + results, count: kept.count)
  }

  /// - Parameter rows: a struct with the columns of all functions.
  private func merge(_ rows: Column, _ groups: [Int32], into accumulators: [any KeptAccumulator]) throws {
    var start = 0
    for (index, types) in bufferTypes.enumerated() {
      let columns = Array(rows.children[start..<(start + types.count)])
      start += types.count
      do { try accumulators[index].merge(buffers: columns, groups: groups) } catch let failure as Failure {
        throw RowFailure(failure: failure, row: -1, position: aggregation.calls[index].call.position)
      }
    }
  }

  private func put(_ buffers: [Column], _ list: KeyList, known: [Int32]) {
    var isNew = [Bool](repeating: true, count: list.count)
    for group in known { isNew[Int(group)] = false }
    var value: [UInt8] = []
    for group in isNew.indices {
      value.removeAll(keepingCapacity: true)
      for column in buffers { RowBytes.append(column, group, to: &value) }
      list.with(group) { key in
        let hash = StateMap.hash(key)
        let partition = store.partition(hash)
        value.withUnsafeBytes { partition.set(hash, key, $0, isNew: isNew[group]) }
        if let time = keys.time(key), let earliest = partition.earliest, time < earliest { partition.earliest = time }
      }
    }
  }

  // MARK: Output

  /// The rows of kept groups.
  private func results(_ keyRows: Column, _ buffers: Column) throws -> ColumnBatch {
    let accumulators = accumulators(groups: keyRows.count)
    try merge(buffers, (0..<Int32(keyRows.count)).map { $0 }, into: accumulators)
    let results = try aggregation.calls.indices.map { index in
      do { return try accumulators[index].result() } catch let failure as Failure {
        throw RowFailure(failure: failure, row: -1, position: aggregation.calls[index].call.position)
      }
    }
    return ColumnBatch(aggregation.schema, keys.columns(keyRows) + results, count: keyRows.count)
  }

  private func handAll(_ hand: (ColumnBatch) throws -> Bool) throws {
    var keyRows = StateRows(keys.types)
    var values = StateRows(bufferTypes.flatMap { $0 })
    for partition in store.partitions {
      try partition.forEach { key, value in
        keyRows.append(key)
        values.append(value)
        if keyRows.count == BatchRun.rowsMax { _ = try hand(results(keyRows.take(), values.take())) }
      }
    }
    if keyRows.count > 0 { _ = try hand(results(keyRows.take(), values.take())) }
  }

  /// Removes the groups that the watermark has closed, and hands them on.
  private func evict(isWanted: Bool, _ hand: (ColumnBatch) throws -> Bool) throws {
    guard aggregation.state?.eventTime != nil, watermarks.hasMoved else { return }
    let limit = watermarks.evictionMicroseconds
    var keyRows = StateRows(keys.types)
    var values = StateRows(bufferTypes.flatMap { $0 })
    for partition in store.partitions where (partition.earliest ?? .min) <= limit {
      var closed = KeyList()
      var earliest = Int64.max
      try partition.forEach { key, value in
        guard let time = keys.time(key) else { return }
        if time > limit { return earliest = min(earliest, time) }
        closed.append(key)
        if isWanted {
          keyRows.append(key)
          values.append(value)
          if keyRows.count == BatchRun.rowsMax { _ = try hand(results(keyRows.take(), values.take())) }
        }
      }
      store.counts.removed += closed.count
      closed.forEach { partition.remove(StateMap.hash($0), $0) }
      partition.earliest = earliest
    }
    if keyRows.count > 0 { _ = try hand(results(keyRows.take(), values.take())) }
  }
}
