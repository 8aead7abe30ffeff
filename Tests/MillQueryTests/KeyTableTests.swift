import MillColumns
import Testing

@testable import MillQuery

/// Numbers of keys, row by row and in whole columns.
struct KeyTableTests {
  private static let person = DataType.struct(Schema([.init("a", .integer), .init("b", .string)]))

  private static let columns: [(DataType, [Value])] = [
    (.null, [.null, .null]),
    (.boolean, [.boolean(true), .null, .boolean(false), .boolean(true)]),
    (.byte, [.integer(-1), .integer(0), .null, .integer(-1)]),
    (.short, [.integer(300), .integer(-300), .integer(300)]),
    (.integer, [.integer(1 << 20), .null, .integer(1 << 20)]),
    (.long, [.integer(.min), .integer(.max), .integer(.min)]),
    (.float, [.float(-0.0), .float(0), .float(.nan), .float(-.nan), .null]),
    (.double, [.double(0), .double(-0.0), .double(-.nan), .double(.nan), .double(1)]),
    (.decimal(precision: 38, scale: 2), [.decimal(unscaled: 1 << 100, scale: 2), .decimal(unscaled: -1, scale: 2)]),
    (
      .string,
      ["", "a", "sevenby", "eightbyt", "ninebytes", "a longer text of many bytes"].map { .string($0) } + [.null]
    ),
    (.array(.integer), [.array([]), .array([.integer(1), .null]), .null, .array([])]),
    (person, [.struct([.integer(1), .string("x")]), .null, .struct([.null, .null])]),
  ]

  @Test(arguments: columns.indices) func rowsHaveTheBytesOfKeyBytes(_ index: Int) {
    let (type, values) = Self.columns[index]
    let column = Column(type, values)
    let beside = Column(.integer, values.indices.map { .integer(Int64($0 % 2)) })
    let keys = values.indices.map { row in
      var key: [UInt8] = []
      for column in [column, beside, column] { KeyBytes.append(column, row, to: &key) }
      return key
    }
    let rows = KeyRows([column, beside, column], count: values.count)
    rows.with { bytes, starts, hashes in
      for (row, key) in keys.enumerated() {
        let made = UnsafeBufferPointer(start: bytes + starts[row], count: starts[row + 1] - starts[row])
        #expect(Array(made) == key, "row \(row)")
        #expect(hashes[row] == key.withUnsafeBufferPointer { KeyBytes.hash($0.baseAddress!, $0.count) })
      }
    }
    let (single, whole) = (KeyTable(), KeyTable())
    var newRows: [Int32] = []
    let numbers = whole.insert(rows, newRows: &newRows)
    let expected = keys.map { single.insert($0) }
    #expect(numbers == expected.map { Int32($0.number) })
    #expect(newRows == expected.indices.filter { expected[$0].isNew }.map { Int32($0) })
    for (row, key) in keys.enumerated() { #expect(whole.find(key) == expected[row].number) }
  }

  /// Against a dictionary, through many growths, also merged into another table.
  @Test(arguments: [1, 7, 300, 50_000]) func numbersAreThoseOfFirstAppearance(_ distinct: Int) {
    var (model, order): ([Int64: Int32], [Int64]) = ([:], [])
    let table = KeyTable()
    var seed: UInt64 = 3
    for size in [0, 1, 127, 128, 129, 5_000, 60_000] {
      let values = (0..<size).map { _ in
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int64(seed >> 33) % Int64(distinct)
      }
      var (expected, expectedNew): ([Int32], [Int32]) = ([], [])
      for (row, value) in values.enumerated() {
        if model[value] == nil {
          model[value] = Int32(order.count)
          order.append(value)
          expectedNew.append(Int32(row))
        }
        expected.append(model[value]!)
      }
      var newRows: [Int32] = []
      let rows = KeyRows([Column(.long, values.map { .integer($0) })], count: size)
      #expect(table.insert(rows, newRows: &newRows) == expected)
      #expect(newRows == expectedNew)
    }
    #expect(table.count == order.count)
    let other = KeyTable()
    var newRows: [Int32] = []
    let known = KeyRows([Column(.long, [.integer(order[order.count / 2])])], count: 1)
    #expect(other.insert(known, newRows: &newRows) == [0])
    newRows = []
    let numbers = other.insert(table, newRows: &newRows)
    #expect(numbers[order.count / 2] == 0)
    #expect(Set(numbers).count == order.count)
    #expect(newRows == order.indices.filter { $0 != order.count / 2 }.map { Int32($0) })
  }

  @Test func withoutColumnsThereIsOneKey() {
    let table = KeyTable()
    var newRows: [Int32] = []
    #expect(table.insert(KeyRows([], count: 3), newRows: &newRows) == [0, 0, 0])
    #expect(newRows == [0])
    #expect(table.insert([]).number == 0 && table.find([]) == 0)
  }

  private static let extremes: [(values: [Double], least: Double, greatest: Double)] = [
    ([3, -7, 5], -7, 5), ([1, .nan, 5, 0], 0, .nan), ([0.0, -0.0], 0.0, 0.0), ([-0.0, 0.0], -0.0, -0.0),
  ]

  @Test(arguments: extremes)
  func extremesKeepSparksOrder(_ values: [Double], _ least: Double, _ greatest: Double) {
    for (isGreatest, expected) in [(false, least), (true, greatest)] {
      let accumulator = ExtremeAccumulator(.double, width: 8, isGreatest: isGreatest)
      accumulator.grow(to: 2)
      let rows = (0...Int32(values.count)).map { $0 }
      accumulator.update(
        [Column(.double, values.map { .double($0) } + [.null])], rows: rows, groups: rows.map { _ in 1 })
      let result = accumulator.result()
      #expect(result.isNull(0))
      let value = result.fixed(1, as: Double.self)
      #expect(value.isNaN ? expected.isNaN : value.bitPattern == expected.bitPattern)
    }
  }
}
