import Testing

@testable import MillColumns

/// Columns of every layout, each with a null in it.
private let samples: [(DataType, [Value])] = [
  (.null, [.null, .null, .null]),
  (.boolean, [.boolean(true), .null, .boolean(false)]),
  (.byte, [.integer(-128), .null, .integer(127)]),
  (.short, [.integer(-32768), .null, .integer(7)]),
  (.integer, [.integer(1), .null, .integer(-2_147_483_648)]),
  (.long, [.integer(.max), .null, .integer(.min)]),
  (.float, [.float(1.5), .null, .float(-0.0)]),
  (.double, [.double(1e300), .null, .double(2)]),
  (.decimal(precision: 38, scale: 2), [.decimal(unscaled: 12345, scale: 2), .null, .decimal(unscaled: -1, scale: 2)]),
  (.date, [.date(18263), .null, .date(-1)]),
  (.timestamp, [.timestamp(1), .null, .timestamp(-1)]),
  (.string, [.string("é😀"), .null, .string("")]),
  (.binary, [.binary([0, 255]), .null, .binary([])]),
  (.array(.string), [.array([.string("a"), .null]), .null, .array([])]),
  (.map(key: .string, value: .integer), [.map([.init(.string("k"), .integer(1))]), .null, .map([])]),
  (
    .struct(Schema([.init("a", .integer), .init("b", .array(.integer))])),
    [.struct([.integer(1), .array([.integer(2)])]), .null, .struct([.null, .null])]
  ),
]

@Test(arguments: samples.indices)
func everyTypeKeepsItsValues(_ index: Int) {
  let (type, values) = samples[index]
  let column = Column(type, values)
  #expect(column.allValues == values)
  #expect(column.nullCount == values.count { $0 == .null })
}

@Test(arguments: samples.indices)
func rowsAreChosenAndJoined(_ index: Int) {
  let (type, three) = samples[index]
  // 27 rows, so that bitmaps have several bytes and parts begin inside of one.
  let values = (0..<9).flatMap { _ in three }
  let column = Column(type, values)
  for (start, count) in [(0, 27), (1, 26), (8, 9), (13, 14), (27, 0)] {
    #expect(column.slice(from: start, count: count).allValues == Array(values[start..<start + count]))
  }
  let part = column.slice(from: 5, count: 20)
  #expect(part.take([19, -1, 0, 0]).allValues == [values[24], .null, values[5], values[5]])
  #expect(
    Column.concatenate([part, column.slice(from: 2, count: 3)], type: type).allValues
      == Array(values[5..<25]) + Array(values[2..<5]))
  #expect(Column.concatenate([], type: type).count == 0)
}

@Test func filterKeepsOnlyTrue() {
  let mask = Column(.boolean, [.boolean(true), .null, .boolean(false), .boolean(true)])
  let batch = ColumnBatch(
    Schema([.init("n", .integer)]), [Column(.integer, [.integer(1), .integer(2), .integer(3), .null])])
  #expect(batch.filter(mask).columns[0].allValues == [.integer(1), .null])
}

@Test func validityOfTwoColumnsIsCombined() {
  let a = Column(.integer, [.null, .integer(1), .null, .integer(1)])
  let b = Column(.integer, [.null, .null, .integer(1), .integer(1)])
  let both = Validity.and(a.validity, b.validity, rows: 4)
  #expect(Validity.nullCount(both, rows: 4) == 3)
  #expect(Validity.and(nil, nil, rows: 4) == nil)
}

@Test func builderStartsAgainAfterFinish() {
  var builder = ColumnBuilder(.array(.integer))
  builder.append(.array([.integer(1)]))
  #expect(builder.finish().count == 1)
  builder.append(.array([.integer(2), .integer(3)]))
  #expect(builder.finish().allValues == [.array([.integer(2), .integer(3)])])
}
