import MillColumns

/// Functions that need all values of a group at once: percentile, median, mode, listagg.
///
/// @unchecked: one lane has it at a time.
final class CollectedAccumulator: KeptAccumulator, @unchecked Sendable {
  private let list: ListAccumulator
  private let type: DataType
  private let finish: @Sendable (_ values: Column) throws -> Value

  /// - Parameters:
  ///   - element: of the one argument that is collected; nulls are left out.
  ///   - finish: a group's values → its result; not called for a group without values, whose result is null.
  init(_ element: DataType, _ type: DataType, _ finish: @escaping @Sendable (_ values: Column) throws -> Value) {
    list = ListAccumulator(element)
    self.type = type
    self.finish = finish
  }

  func grow(to groups: Int) { list.grow(to: groups) }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) {
    list.update(arguments, rows: rows, groups: groups)
  }

  func merge(_ other: any Accumulator, groups: [Int32]) {
    list.merge((other as! CollectedAccumulator).list, groups: groups)
  }

  var bufferTypes: [DataType] { list.bufferTypes }
  func buffers() -> [Column] { list.buffers() }
  func merge(buffers: [Column], groups: [Int32]) { list.merge(buffers: buffers, groups: groups) }

  func result() throws -> Column {
    let lists = list.result()
    return Column(
      type,
      try (0..<lists.count).map { group in
        let (start, end) = (lists.offset(group), lists.offset(group + 1))
        return start == end ? .null : try finish(lists.children[0].slice(from: start, count: end - start))
      })
  }
}

/// bit_and, bit_or, bit_xor.
///
/// @unchecked: one lane has it at a time.
final class BitAccumulator: KeptAccumulator, @unchecked Sendable {
  private let type: DataType
  private let join: @Sendable (Int64, Int64) -> Int64
  private var values: [Int64?] = []

  init(_ type: DataType, _ join: @escaping @Sendable (Int64, Int64) -> Int64) {
    self.type = type
    self.join = join
  }

  func grow(to groups: Int) { values.grow(to: groups, nil) }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) {
    for (row, group) in zip(rows, groups) where !arguments[0].isNull(Int(row)) {
      add(Int64(arguments[0].value(Int(row)).whole), Int(group))
    }
  }

  private func add(_ value: Int64, _ group: Int) { values[group] = values[group].map { join($0, value) } ?? value }

  func merge(_ other: any Accumulator, groups: [Int32]) {
    for (value, group) in zip((other as! BitAccumulator).values, groups) {
      if let value { add(value, Int(group)) }
    }
  }

  var bufferTypes: [DataType] { [.long] }
  func buffers() -> [Column] { [Column(.long, values.map { $0.map { .integer($0) } ?? .null })] }
  func merge(buffers: [Column], groups: [Int32]) {
    for (row, group) in groups.enumerated() where !buffers[0].isNull(row) {
      add(buffers[0].fixed(row, as: Int64.self), Int(group))
    }
  }

  func result() -> Column { Column(type, values.map { $0.map { .integer($0) } ?? .null }) }
}

/// approx_count_distinct: HyperLogLog++ over XXH64, as Spark's, but without its tables of bias: above two and a half
/// values a register (1280 by itself) answers may differ from Spark's by the bias.
///
/// @unchecked: one lane has it at a time.
final class DistinctCountAccumulator: KeptAccumulator, @unchecked Sendable {
  private let precision: Int
  private var registers: [UInt8] = []
  private var registerCount: Int { 1 << precision }

  /// - Parameter error: the relative standard deviation that is allowed.
  init(error: Double) {
    var bits = 4
    while Double(bits) < 2 * Self.log2(1.106 / error), bits < 24 { bits += 1 }
    precision = bits
  }

  private static func log2(_ value: Double) -> Double { Logarithm.natural(value) / Logarithm.natural(2) }

  func grow(to groups: Int) { registers.grow(to: groups * registerCount, 0) }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) {
    for (row, group) in zip(rows, groups) where !arguments[0].isNull(Int(row)) {
      let hash = XXHash64.hash(arguments[0], Int(row), seed: 42)
      let register = Int(group) * registerCount + Int(hash >> UInt64(64 - precision))
      let rank = UInt8(((hash << UInt64(precision)) | 1 << UInt64(precision - 1)).leadingZeroBitCount + 1)
      registers[register] = max(registers[register], rank)
    }
  }

  func merge(_ other: any Accumulator, groups: [Int32]) {
    let other = other as! DistinctCountAccumulator
    for (from, group) in groups.enumerated() {
      for register in 0..<registerCount {
        let rank = other.registers[from * registerCount + register]
        let place = Int(group) * registerCount + register
        registers[place] = max(registers[place], rank)
      }
    }
  }

  /// The registers of each group.
  var bufferTypes: [DataType] { [.binary] }

  func buffers() -> [Column] {
    let groups = (0..<(registers.count / registerCount)).map { group in
      Value.binary(Array(registers[(group * registerCount)..<((group + 1) * registerCount)]))
    }
    return [Column(.binary, groups)]
  }

  func merge(buffers: [Column], groups: [Int32]) {
    for (row, group) in groups.enumerated() {
      buffers[0].withBytes(row) { ranks in
        for (register, rank) in ranks.enumerated() {
          let place = Int(group) * registerCount + register
          registers[place] = max(registers[place], rank)
        }
      }
    }
  }

  func result() -> Column {
    Column(.long, (0..<(registers.count / registerCount)).map { .integer(estimate($0)) })
  }

  private func estimate(_ group: Int) -> Int64 {
    let count = Double(registerCount)
    var (inverse, zeros) = (0.0, 0.0)
    for rank in registers[(group * registerCount)..<((group + 1) * registerCount)] {
      inverse += 1 / Double(UInt64(1) << UInt64(rank))
      if rank == 0 { zeros += 1 }
    }
    let alpha =
      switch precision {
      case 4: 0.673
      case 5: 0.697
      case 6: 0.709
      default: 0.7213 / (1 + 1.079 / count)
      }
    let raw = alpha * count * count / inverse
    if zeros > 0 {
      let linear = count * Logarithm.natural(count / zeros)
      if linear <= Self.thresholds[min(precision, 18) - 4] || raw <= 2.5 * count {
        return Int64(linear.rounded(.toNearestOrAwayFromZero))
      }
    }
    return Int64(raw.rounded(.toNearestOrAwayFromZero))
  }

  private static let thresholds: [Double] = [
    10, 20, 40, 80, 220, 400, 900, 1800, 3100, 6500, 11_500, 20_000, 50_000, 120_000, 350_000,
  ]
}
