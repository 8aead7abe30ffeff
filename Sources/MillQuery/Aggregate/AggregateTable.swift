import MillColumns

/// What an aggregation works on: its input has the keys' columns first, then the functions' arguments and filters.
struct Aggregation: Sendable {
  struct Call: Sendable {
    var call: AggregateCall
    /// Columns of the input.
    var arguments: Range<Int>
    var filter: Int?
  }
  var keyCount: Int
  var calls: [Call]
  /// The keys, then the functions' results.
  var schema: Schema
  /// Over a stream: what is kept between micro-batches, and how long.
  var state: StateUse?
}

/// The groups of an aggregation with their state. A table for a chunk, made by a lane, is merged into the whole one in
/// the order of the chunks, so that first, last and collect_list see the rows in order.
///
/// @unchecked: one thread has it at a time.
final class AggregateTable: @unchecked Sendable {
  let aggregation: Aggregation
  private let groups = KeyTable(keys: 512)
  var groupCount: Int { groups.count }
  /// The keys' values of the groups, in the order of the groups.
  private var keyParts: [[Column]] = []
  let accumulators: [any Accumulator]

  init(_ aggregation: Aggregation) {
    self.aggregation = aggregation
    accumulators = aggregation.calls.map { $0.call.accumulator() }
  }

  /// - Throws: `RowFailure`: an overflow in ANSI mode.
  func update(_ batch: ColumnBatch) throws {
    let keys = Array(batch.columns.prefix(aggregation.keyCount))
    var newRows: [Int32] = []
    let numbers = groups.insert(KeyRows(keys, count: batch.count), newRows: &newRows)
    add(newRows) { keys }
    let all = (0..<Int32(batch.count)).map { $0 }
    for (index, call) in aggregation.calls.enumerated() {
      let arguments = Array(batch.columns[call.arguments])
      if let filter = call.filter {
        let rows = batch.columns[filter].trueRows()
        let kept = rows.map { numbers[Int($0)] }
        try located(call) { try accumulators[index].update(arguments, rows: rows, groups: kept) }
      } else {
        try located(call) { try accumulators[index].update(arguments, rows: all, groups: numbers) }
      }
    }
  }

  func merge(_ other: AggregateTable) throws {
    if other.groups.count == 0 { return }
    var newRows: [Int32] = []
    let numbers = groups.insert(other.groups, newRows: &newRows)
    add(newRows) { other.keys }
    for (index, call) in aggregation.calls.enumerated() {
      try located(call) { try accumulators[index].merge(other.accumulators[index], groups: numbers) }
    }
  }

  /// Without keys there is one row, also for no input.
  func result() throws -> ColumnBatch {
    addRowWithoutKeys()
    let results = try aggregation.calls.indices.map { index in
      try located(aggregation.calls[index]) { try accumulators[index].result() }
    }
    return ColumnBatch(aggregation.schema, keys + results, count: groups.count)
  }

  /// Without keys there is one group, also for no input.
  func addRowWithoutKeys() {
    if aggregation.keyCount == 0, groups.insert([]).isNew { add([0]) { [] } }
  }

  /// A row for every group.
  var keys: [Column] {
    (0..<aggregation.keyCount).map { index in
      Column.concatenate(keyParts.map { $0[index] }, type: aggregation.schema.columns[index].type)
    }
  }

  /// Room for the groups that came with these rows of the keys.
  private func add(_ newRows: [Int32], of keys: () -> [Column]) {
    if newRows.isEmpty { return }
    keyParts.append(keys().map { $0.take(newRows).withoutNegativeZeros })
    for accumulator in accumulators { accumulator.grow(to: groups.count) }
  }

  func located<Result>(_ call: Aggregation.Call, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let failure as Failure {
      throw RowFailure(failure: failure, row: -1, position: call.call.position)
    }
  }
}

extension Column {
  /// Spark's groups show 0.0 for −0.0.
  fileprivate var withoutNegativeZeros: Column {
    switch type {
    case .double:
      return Column.fixed(.double, count: count, validity: validity, as: Double.self) { target in
        for row in 0..<count { target[row] = fixed(row, as: Double.self) + 0 }
      }
    case .float:
      return Column.fixed(.float, count: count, validity: validity, as: Float.self) { target in
        for row in 0..<count { target[row] = fixed(row, as: Float.self) + 0 }
      }
    default: return self
    }
  }
}
