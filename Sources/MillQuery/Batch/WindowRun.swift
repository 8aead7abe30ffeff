import MillColumns

/// Computes window functions over all rows of an input. Rows keep their order.
struct WindowRun: Sendable {
  /// A function over columns of the input.
  struct Call: Sendable {
    var call: WindowCall
    var arguments: Range<Int>
    var filter: Int?
    var partition: Range<Int>
    var order: [RowSort.Key]
  }
  /// The input's own columns; what the functions read comes after them.
  let inputCount: Int
  let calls: [Call]
  /// The input's own columns, then the functions' results.
  let schema: Schema

  func run(_ batch: ColumnBatch) throws -> ColumnBatch {
    let results = try calls.map { try Self.column($0, batch) }
    return ColumnBatch(schema, Array(batch.columns.prefix(inputCount)) + results, count: batch.count)
  }

  private static func column(_ call: Call, _ batch: ColumnBatch) throws -> Column {
    let keys = call.partition.map { RowSort.Key(column: $0, isDescending: false, nullsFirst: true) }
    let rows = RowSort.order(batch.columns, count: batch.count, by: keys + call.order)
    let arguments = Array(batch.columns[call.arguments])
    var result = WindowResult(call.call.type, arguments)
    var start = 0
    while start < rows.count {
      var end = start + 1
      while end < rows.count, isSame(batch, Int(rows[start]), Int(rows[end]), Array(call.partition)) { end += 1 }
      var partition = WindowPartition(rows: Array(rows[start..<end]), batch: batch, order: call.order)
      do {
        try partition.fill(&result, call, arguments)
      } catch let failure as Failure {
        throw RowFailure(failure: failure, row: -1, position: call.call.position)
      }
      start = end
    }
    return result.column(rows)
  }

  static func isSame(_ batch: ColumnBatch, _ a: Int, _ b: Int, _ columns: [Int]) -> Bool {
    columns.allSatisfy { Ordering.compare(batch.columns[$0], a, batch.columns[$0], b) == 0 }
  }
}

/// The results in the order of the sorted rows: values, rows of the arguments, or rows of what accumulators gave.
struct WindowResult {
  private let type: DataType
  private var parts: [Column]
  private var starts: [Int32] = []
  private var picks: [Int32] = []
  private var total: Int32 = 0

  init(_ type: DataType, _ arguments: [Column]) {
    self.type = type
    parts = []
    for argument in arguments where argument.type == type { add(part: argument) }
  }

  /// - Returns: where the part's rows begin.
  @discardableResult
  mutating func add(part: Column) -> Int32 {
    parts.append(part)
    starts.append(total)
    total += Int32(part.count)
    return total - Int32(part.count)
  }

  /// A row of an argument, which has the result's type; nil gives null.
  mutating func append(row: Int32?, ofArgument number: Int = 0) {
    picks.append(row.map { starts[number] + $0 } ?? -1)
  }

  mutating func append(at place: Int32) { picks.append(place) }

  func column(_ rows: [Int32]) -> Column {
    var order = [Int32](repeating: -1, count: rows.count)
    for (pick, row) in zip(picks, rows) { order[Int(row)] = pick }
    return Column.concatenate(parts, type: type).take(order)
  }
}

/// The rows of one partition, in order.
struct WindowPartition {
  let rows: [Int32]
  let batch: ColumnBatch
  let order: [RowSort.Key]
  /// For every row where its equals begin and end.
  private var peers: [Range<Int>] = []

  init(rows: [Int32], batch: ColumnBatch, order: [RowSort.Key]) {
    self.rows = rows
    self.batch = batch
    self.order = order
    let columns = order.map(\.column)
    var start = 0
    while start < rows.count {
      var end = start + 1
      while end < rows.count, WindowRun.isSame(batch, Int(rows[start]), Int(rows[end]), columns) { end += 1 }
      for _ in start..<end { peers.append(start..<end) }
      start = end
    }
  }

  mutating func fill(_ result: inout WindowResult, _ call: WindowRun.Call, _ arguments: [Column]) throws {
    let count = rows.count
    switch call.call.function {
    case .rowNumber: whole(&result, (1...count).map { $0 })
    case .rank: whole(&result, peers.map { $0.lowerBound + 1 })
    case .denseRank:
      var rank = 0
      whole(
        &result,
        peers.indices.map { index in
          if peers[index].lowerBound == index { rank += 1 }
          return rank
        })
    case .percentRank:
      shares(&result, peers.map { count == 1 ? 0 : Double($0.lowerBound) / Double(count - 1) })
    case .cumulativeShare: shares(&result, peers.map { Double($0.upperBound) / Double(count) })
    case .tile(let parts):
      let (size, bigger) = (count / parts, count % parts)
      var tiles: [Int] = []
      for tile in 0..<min(parts, count) {
        tiles += [Int](repeating: tile + 1, count: size + (tile < bigger ? 1 : 0))
      }
      whole(&result, tiles)
    case .shifted(let distance, let ignoresNulls):
      for index in 0..<count {
        if let found = shifted(index, distance, ignoresNulls, arguments[0]) {
          result.append(row: rows[found])
        } else {
          result.append(row: rows[index], ofArgument: 1)
        }
      }
    case .nth(let number, let ignoresNulls):
      for index in 0..<count {
        result.append(row: nth(number, ignoresNulls, frame(index, call.call.frame), arguments[0]))
      }
    case .aggregate(let aggregate): try fill(&result, aggregate, call, arguments)
    }
  }

  private func whole(_ result: inout WindowResult, _ values: [Int]) {
    place(&result, Column(.integer, values.map { .integer(Int64($0)) }))
  }

  private func shares(_ result: inout WindowResult, _ values: [Double]) {
    place(&result, Column(.double, values.map { .double($0) }))
  }

  private func place(_ result: inout WindowResult, _ column: Column) {
    let start = result.add(part: column)
    for index in 0..<Int32(column.count) { result.append(at: start + index) }
  }

  private func shifted(_ index: Int, _ distance: Int, _ ignoresNulls: Bool, _ values: Column) -> Int? {
    guard ignoresNulls, distance != 0 else {
      let target = index + distance
      return rows.indices.contains(target) ? target : nil
    }
    var left = abs(distance)
    var target = index
    while true {
      target += distance.signum()
      guard rows.indices.contains(target) else { return nil }
      if !values.isNull(Int(rows[target])) { left -= 1 }
      if left == 0 { return target }
    }
  }

  private func nth(_ number: Int, _ ignoresNulls: Bool, _ frame: Range<Int>, _ values: Column) -> Int32? {
    var left = abs(number)
    for index in number > 0 ? Array(frame) : frame.reversed() {
      if ignoresNulls, values.isNull(Int(rows[index])) { continue }
      left -= 1
      if left == 0 { return rows[index] }
    }
    return nil
  }

  // MARK: Aggregates

  private func fill(
    _ result: inout WindowResult, _ aggregate: AggregateCall, _ call: WindowRun.Call, _ arguments: [Column]
  ) throws {
    func kept(_ range: Range<Int>) -> [Int32] {
      guard let filter = call.filter else { return Array(rows[range]) }
      let mask = batch.columns[filter]
      return rows[range].filter { !mask.isNull(Int($0)) && mask.fixed(Int($0), as: UInt8.self) != 0 }
    }
    func add(_ range: Range<Int>, to accumulator: any Accumulator) throws {
      let some = kept(range)
      if !some.isEmpty {
        try accumulator.update(arguments, rows: some, groups: [Int32](repeating: 0, count: some.count))
      }
    }
    func new() -> any Accumulator {
      let accumulator = aggregate.accumulator()
      accumulator.grow(to: 1)
      return accumulator
    }
    // Frames that only grow at their end go on with what they have.
    var running: (accumulator: any Accumulator, frame: Range<Int>, place: Int32)?
    for index in rows.indices {
      let frame = frame(index, call.call.frame)
      if let last = running, last.frame == frame {
        result.append(at: last.place)
        continue
      }
      let accumulator: any Accumulator
      if let last = running, last.frame.lowerBound == frame.lowerBound, last.frame.upperBound <= frame.upperBound {
        accumulator = last.accumulator
        try add(last.frame.upperBound..<frame.upperBound, to: accumulator)
      } else {
        accumulator = new()
        try add(frame, to: accumulator)
      }
      let place = result.add(part: try accumulator.result())
      running = (accumulator, frame, place)
      result.append(at: place)
    }
  }

  // MARK: Frames

  private func frame(_ index: Int, _ frame: WindowFrame) -> Range<Int> {
    let start = bound(frame.start, index, isStart: true)
    let end = bound(frame.end, index, isStart: false)
    return start < end ? start..<end : start..<start
  }

  /// The first row of the frame, or the one behind its last.
  private func bound(_ bound: WindowFrame.Bound, _ index: Int, isStart: Bool) -> Int {
    switch bound {
    case .unbounded: return isStart ? 0 : rows.count
    case .rows(let distance): return min(max(index + distance + (isStart ? 0 : 1), 0), rows.count)
    case .peers: return isStart ? peers[index].lowerBound : peers[index].upperBound
    case .whole(let distance):
      return byDistance(index, isStart) { column, row in
        column.wholeOrder(row)
      } limit: {
        $0 + distance
      } mirrored: {
        $0 - distance
      }
    case .months(let distance, let time):
      let isDate = batch.columns[order[0].column].type == .date
      func moved(_ value: Int128, _ months: Int) -> Int128 {
        if isDate { return Int128(TimeArithmetic.addingMonths(Int64(months), to: Int32(value))) }
        let clock = time.local(Int64(value))
        let day = Calendar.day(ofMicroseconds: clock)
        let moved = Int64(TimeArithmetic.addingMonths(Int64(months), to: Int32(truncatingIfNeeded: day)))
        return Int128(time.instant(clock &+ (moved &- day) &* Calendar.microsecondsPerDay))
      }
      return byDistance(index, isStart) { column, row in
        column.wholeOrder(row)
      } limit: {
        moved($0, distance)
      } mirrored: {
        moved($0, -distance)
      }
    case .floating(let distance):
      return byDistance(index, isStart) { column, row in
        column.floatingOrder(row)
      } limit: {
        $0 + distance
      } mirrored: {
        $0 - distance
      }
    }
  }

  private func byDistance<Value: Comparable>(
    _ index: Int, _ isStart: Bool, _ value: (Column, Int) -> Value, limit: (Value) -> Value,
    mirrored: (Value) -> Value
  ) -> Int {
    let key = order[0]
    let column = batch.columns[key.column]
    let row = Int(rows[index])
    // A null is near to nulls only.
    if column.isNull(row) { return isStart ? peers[index].lowerBound : peers[index].upperBound }
    let wanted = key.isDescending ? mirrored(value(column, row)) : limit(value(column, row))
    func isBefore(_ other: Int32) -> Bool {
      if column.isNull(Int(other)) { return key.nullsFirst }
      let found = value(column, Int(other))
      if isStart { return key.isDescending ? found > wanted : found < wanted }
      return key.isDescending ? found >= wanted : found <= wanted
    }
    var (low, high) = (0, rows.count)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(rows[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension Column {
  fileprivate func wholeOrder(_ row: Int) -> Int128 {
    switch type {
    case .byte: Int128(fixed(row, as: Int8.self))
    case .short: Int128(fixed(row, as: Int16.self))
    case .integer, .date: Int128(fixed(row, as: Int32.self))
    case .decimal: fixed(row, as: Int128.self)
    default: Int128(fixed(row, as: Int64.self))
    }
  }

  fileprivate func floatingOrder(_ row: Int) -> Double {
    type == .float ? Double(fixed(row, as: Float.self)) : fixed(row, as: Double.self)
  }
}
