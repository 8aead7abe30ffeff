import MillColumns

/// count(*), count(x, …), count_if(x): rows where no argument is null (and x is true).
///
/// @unchecked: one lane has it at a time; so it is with all accumulators.
final class CountAccumulator: KeptAccumulator, @unchecked Sendable {
  private let onlyTrue: Bool
  private var counts: [Int64] = []

  init(onlyTrue: Bool = false) { self.onlyTrue = onlyTrue }

  func grow(to groups: Int) { counts.grow(to: groups, 0) }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) {
    let nullable = arguments.filter { $0.nullCount > 0 }
    counts.withUnsafeMutableBufferPointer { counts in
      if onlyTrue {
        arguments[0].forEachValue(UInt8.self, rows: rows, groups: groups) { counts[$1] += Int64($0) }
      } else if nullable.isEmpty {
        for group in groups { counts[Int(group)] += 1 }
      } else {
        for (row, group) in zip(rows, groups) where !nullable.contains(where: { $0.isNull(Int(row)) }) {
          counts[Int(group)] += 1
        }
      }
    }
  }

  func merge(_ other: any Accumulator, groups: [Int32]) {
    let others = (other as! CountAccumulator).counts
    counts.withUnsafeMutableBufferPointer { counts in
      for (count, group) in zip(others, groups) { counts[Int(group)] += count }
    }
  }

  func result() -> Column { .longs(counts) }

  var bufferTypes: [DataType] { [.long] }
  func buffers() -> [Column] { [.longs(counts)] }
  func merge(buffers: [Column], groups: [Int32]) {
    for (row, group) in groups.enumerated() { counts[Int(group)] += buffers[0].fixed(row, as: Int64.self) }
  }
}

/// sum and avg over whole numbers, decimals and doubles.
final class SumAccumulator: KeptAccumulator, @unchecked Sendable {
  private let input: DataType
  private let output: DataType
  private let isAverage: Bool
  private let ansi: Bool
  /// try_sum: what is too great is null.
  private let isTry: Bool
  private var counts: [Int64] = []
  /// Sums of whole numbers; of decimals; of doubles, and of whole numbers for their average.
  private var longs: [Int64] = []
  private var decimals: [Int128] = []
  private var doubles: [Double] = []
  /// The sum of decimals left its type; stays so.
  private var isOver: [Bool] = []

  /// - Parameters:
  ///   - input: long, decimal or double.
  ///   - output: the function's type.
  init(_ input: DataType, _ output: DataType, isAverage: Bool, ansi: Bool, isTry: Bool = false) {
    self.isTry = isTry
    self.input = input
    self.output = output
    self.isAverage = isAverage
    self.ansi = ansi
  }

  func grow(to groups: Int) {
    counts.grow(to: groups, 0)
    if sumsDoubles { return doubles.grow(to: groups, 0) }
    if input == .long { longs.grow(to: groups, 0) } else { decimals.grow(to: groups, 0) }
    isOver.grow(to: groups, false)
  }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) throws {
    let column = arguments[0]
    try counts.withUnsafeMutableBufferPointer { counts in
      if sumsDoubles {
        doubles.withUnsafeMutableBufferPointer { sums in
          if input == .double {
            column.forEachValue(Double.self, rows: rows, groups: groups) { value, group in
              counts[group] += 1
              sums[group] += value
            }
          } else {
            column.forEachValue(Int64.self, rows: rows, groups: groups) { value, group in
              counts[group] += 1
              sums[group] += Double(value)
            }
          }
        }
      } else if input == .long {
        try longs.withUnsafeMutableBufferPointer { sums in
          try column.forEachValue(Int64.self, rows: rows, groups: groups) { value, group in
            counts[group] += 1
            try add(value, group, &sums)
          }
        }
      } else {
        try column.forEachValue(Int128.self, rows: rows, groups: groups) { value, group in
          counts[group] += 1
          try add(value, group)
        }
      }
    }
  }

  @inline(__always)
  private func add(_ value: Int64, _ group: Int, _ sums: inout UnsafeMutableBufferPointer<Int64>) throws {
    let (sum, isOverflow) = sums[group].addingReportingOverflow(value)
    if isTry {
      if isOver[group] { return }
      if isOverflow { return isOver[group] = true }
    } else if isOverflow, ansi {
      throw Failure(
        "[ARITHMETIC_OVERFLOW] overflow. Use 'try_add' to tolerate overflow and return NULL instead. If necessary "
          + "set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error. SQLSTATE: 22003")
    }
    // Without ANSI a sum of whole numbers wraps.
    sums[group] = sum
  }

  private func add(_ value: Int128, _ group: Int) throws {
    if isOver[group] { return }
    let (sum, overflow) = decimals[group].addingReportingOverflow(value)
    if !overflow, Decimal128.fits(sum, precision: sumPrecision) { return decimals[group] = sum }
    guard !ansi else {
      throw Failure(
        "[ARITHMETIC_OVERFLOW] Overflow in sum of decimals. Use "
          + "'try_\(isAverage ? "avg" : "sum")' to tolerate overflow and return NULL instead. If necessary set "
          + "\"spark.sql.ansi.enabled\" to \"false\" to bypass this error. SQLSTATE: 22003")
    }
    isOver[group] = true
  }

  private var sumPrecision: Int {
    if case .decimal(let precision, _) = input { min(precision + 10, 38) } else { 38 }
  }

  func merge(_ other: any Accumulator, groups: [Int32]) throws {
    let other = other as! SumAccumulator
    let others = (counts: other.counts, longs: other.longs, doubles: other.doubles, isOver: other.isOver)
    try counts.withUnsafeMutableBufferPointer { counts in
      if sumsDoubles {
        doubles.withUnsafeMutableBufferPointer { sums in
          for (from, group) in groups.enumerated() where others.counts[from] > 0 {
            counts[Int(group)] += others.counts[from]
            sums[Int(group)] += others.doubles[from]
          }
        }
      } else if input == .long {
        try longs.withUnsafeMutableBufferPointer { sums in
          for (from, group) in groups.enumerated() where others.counts[from] > 0 {
            counts[Int(group)] += others.counts[from]
            if others.isOver[from] {
              isOver[Int(group)] = true
            } else {
              try add(others.longs[from], Int(group), &sums)
            }
          }
        }
      } else {
        for (from, group) in groups.enumerated() where others.counts[from] > 0 {
          counts[Int(group)] += others.counts[from]
          if others.isOver[from] { isOver[Int(group)] = true } else { try add(other.decimals[from], Int(group)) }
        }
      }
    }
  }

  func result() throws -> Column {
    if sumsDoubles {
      return .perGroup(output, counts) { isAverage ? doubles[$0] / Double(counts[$0]) : doubles[$0] }
    }
    if input == .long, !isTry { return .perGroup(output, counts) { longs[$0] } }
    return Column(output, try counts.indices.map { try counts[$0] == 0 ? .null : value($0) })
  }

  private func interval(_ group: Int) throws -> Value {
    let sum = decimals[group]
    let total = isAverage ? Decimal128.divide(sum, shift: 0, by: Int128(counts[group])) : sum
    let isYearMonth = output.intervalFields!.from.isYearMonth
    guard let total, let value = Int64(exactly: total), !isYearMonth || Int32(exactly: value) != nil else {
      throw Failure(
        "[INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION] Integer overflow while operating with intervals. "
          + "SQLSTATE: 22015")
    }
    return .integer(value)
  }

  private func value(_ group: Int) throws -> Value {
    if isOver[group] { return .null }
    if output.isInterval { return try interval(group) }
    guard case .decimal(let precision, let scale) = output else { return .integer(longs[group]) }
    guard isAverage, case .decimal(_, let own) = input else { return .decimal(unscaled: decimals[group], scale: scale) }
    guard let mean = Decimal128.divide(decimals[group], shift: scale - own, by: Int128(counts[group])),
      Decimal128.fits(mean, precision: precision)
    else {
      guard !ansi else {
        throw Failure("[ARITHMETIC_OVERFLOW] Overflow in avg of decimals. SQLSTATE: 22003")
      }
      return .null
    }
    return .decimal(unscaled: mean, scale: scale)
  }

  private var sumsDoubles: Bool { input == .double || (isAverage && input == .long) }

  /// Rows, their sum, and for decimals whether the sum is over.
  var bufferTypes: [DataType] {
    if sumsDoubles { return [.long, .double] }
    return input == .long ? [.long, .long] : [.long, .decimal(precision: 38, scale: 0), .boolean]
  }

  func buffers() -> [Column] {
    if sumsDoubles { return [.longs(counts), .doubles(doubles)] }
    if input == .long { return [.longs(counts), .longs(longs)] }
    let sums = Column.fixed(bufferTypes[1], count: decimals.count, as: Int128.self) { target in
      for (group, sum) in decimals.enumerated() { target[group] = sum }
    }
    return [.longs(counts), sums, Column(.boolean, isOver.map { .boolean($0) })]
  }

  func merge(buffers: [Column], groups: [Int32]) throws {
    for (row, group) in groups.enumerated() {
      let group = Int(group)
      counts[group] += buffers[0].fixed(row, as: Int64.self)
      if sumsDoubles {
        doubles[group] += buffers[1].fixed(row, as: Double.self)
      } else if input == .long {
        try longs.withUnsafeMutableBufferPointer { try add(buffers[1].fixed(row, as: Int64.self), group, &$0) }
      } else if buffers[2].fixed(row, as: UInt8.self) != 0 {
        isOver[group] = true
      } else {
        try add(buffers[1].fixed(row, as: Int128.self), group)
      }
    }
  }
}

/// stddev, variance and their kin: count, mean and second moment, by Welford's rule as Spark's CentralMomentAgg.
final class MomentAccumulator: KeptAccumulator, @unchecked Sendable {
  private let isSample: Bool
  private let isRoot: Bool
  private var counts: [Double] = []
  private var means: [Double] = []
  private var squares: [Double] = []

  init(isSample: Bool, isRoot: Bool) {
    self.isSample = isSample
    self.isRoot = isRoot
  }

  func grow(to groups: Int) {
    counts.grow(to: groups, 0)
    means.grow(to: groups, 0)
    squares.grow(to: groups, 0)
  }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) {
    for (row, group) in zip(rows, groups) where !arguments[0].isNull(Int(row)) {
      let group = Int(group)
      counts[group] += 1
      let delta = arguments[0].fixed(Int(row), as: Double.self) - means[group]
      let part = delta / counts[group]
      means[group] += part
      squares[group] += delta * (delta - part)
    }
  }

  func merge(_ other: any Accumulator, groups: [Int32]) {
    let other = other as! MomentAccumulator
    for (from, group) in groups.enumerated() {
      merge(Int(group), count: other.counts[from], mean: other.means[from], square: other.squares[from])
    }
  }

  private func merge(_ group: Int, count more: Double, mean: Double, square: Double) {
    if more == 0 { return }
    let count = counts[group] + more
    let delta = mean - means[group]
    let part = delta / count
    // In Spark's order of additions: the last digits depend on it.
    squares[group] = squares[group] + square + delta * part * counts[group] * more
    means[group] += part * more
    counts[group] = count
  }

  var bufferTypes: [DataType] { [.double, .double, .double] }
  func buffers() -> [Column] { [.doubles(counts), .doubles(means), .doubles(squares)] }
  func merge(buffers: [Column], groups: [Int32]) {
    for (row, group) in groups.enumerated() {
      let values = buffers.map { $0.fixed(row, as: Double.self) }
      merge(Int(group), count: values[0], mean: values[1], square: values[2])
    }
  }

  func result() -> Column {
    Column(
      .double,
      counts.indices.map { group in
        let divisor = isSample ? counts[group] - 1 : counts[group]
        if divisor <= 0 { return .null }
        let variance = squares[group] / divisor
        return .double(isRoot ? variance.squareRoot() : variance)
      })
  }
}

extension Array {
  mutating func grow(to count: Int, _ value: Element) {
    if count > self.count { append(contentsOf: repeatElement(value, count: count - self.count)) }
  }
}

extension Column {
  static func longs(_ values: [Int64]) -> Column {
    fixed(.long, count: values.count, as: Int64.self) { $0.update(from: values, count: values.count) }
  }

  static func doubles(_ values: [Double]) -> Column {
    fixed(.double, count: values.count, as: Double.self) { $0.update(from: values, count: values.count) }
  }
}
