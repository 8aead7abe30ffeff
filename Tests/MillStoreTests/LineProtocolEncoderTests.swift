import MillBase
import MillColumns
import Testing

@testable import MillStore

private struct Case {
  var mapping: PointMapping
  var columns: [(String, DataType, Value)]
  var expected: String
}

/// One row, encoded; the reason when it is rejected.
private func line(_ mapping: PointMapping, _ columns: [(String, DataType, Value)]) throws -> String {
  let schema = Schema(columns.map { .init($0.0, $0.1) })
  let batch = ColumnBatch(schema, columns.map { Column($0.1, [$0.2]) })
  let points = try LineProtocolEncoder(mapping, schema: schema).encode(batch)
  #expect(points.lineCount + points.rejected.count == 1)
  return points.rejected.first?.reason ?? String(decoding: points.bytes, as: UTF8.self)
}

private let plain: PointMapping = {
  var mapping = PointMapping(measurement: .constant("m"), time: nil)
  mapping.allowsServerTime = true
  return mapping
}()

@Test(
  arguments: [
    (.boolean, .boolean(true), "m v=true\n"), (.byte, .integer(-7), "m v=-7i\n"), (.short, .integer(300), "m v=300i\n"),
    (.integer, .integer(2022), "m v=2022i\n"), (.long, .integer(.min), "m v=-9223372036854775808i\n"),
    (.float, .float(0.1), "m v=0.1\n"), (.double, .double(1e20), "m v=1.0E20\n"),
    (.double, .double(-0.5), "m v=-0.5\n"),
    (.decimal(precision: 9, scale: 2), .decimal(unscaled: 150, scale: 2), "m v=1.50\n"),
    (.date, .date(18263), "m v=\"2020-01-02\"\n"), (.timestamp, .timestamp(500_000), "m v=\"1970-01-01 00:00:00.5\"\n"),
    (.string, .string(""), "m v=\"\"\n"), (.string, .string("exactly8"), "m v=\"exactly8\"\n"),
    (.string, .string("a \"b\" \\ c, d=e"), "m v=\"a \\\"b\\\" \\\\ c, d=e\"\n"),
    (.string, .string("\\"), "m v=\"\\\\\"\n"), (.string, .string("é😀 1\n2\t3\r4"), "m v=\"é😀 1\\n2\\t3\\r4\"\n"),
    (.string, .string("sixteen bytes!!\""), "m v=\"sixteen bytes!!\\\"\"\n"),
  ] as [(DataType, Value, String)])
func fieldsAreWrittenByType(_ type: DataType, _ value: Value, _ expected: String) throws {
  #expect(try line(plain, [("v", type, value)]) == expected)
}

@Test func namesAreEscapedAndTagsSorted() throws {
  var mapping = plain
  mapping.measurement = .constant("my m,1=x")
  mapping.tags = ["z", "a =,b", "num", "empty", "none"]
  #expect(
    try line(
      mapping,
      [
        ("z", .string, .string("one two,three=4")), ("a =,b", .string, .string("\"q\"")),
        ("num", .integer, .integer(5)),
        ("empty", .string, .string("")), ("none", .string, .null), ("f 1=,", .integer, .integer(1)),
      ]) == "my\\ m\\,1=x,a\\ \\=\\,b=\"q\",num=5,z=one\\ two\\,three\\=4 f\\ 1\\=\\,=1i\n")
}

@Test(arguments: [("a\\", true), ("a\\ b", true), ("a\\,", true), ("a\\b", false), ("\n", false)])
func backslashesThatWouldEscapeAreRejected(_ tag: String, _ isRejected: Bool) throws {
  var mapping = plain
  mapping.tags = ["t"]
  let result = try line(mapping, [("t", .string, .string(tag)), ("v", .integer, .integer(1))])
  #expect(result.contains("backslash") == isRejected, "\(result)")
}

@Test(
  arguments: [
    (.date, .date(1), .milliseconds, "86400000000000"), (.timestamp, .timestamp(-1), .milliseconds, "-1000"),
    (.long, .integer(5), .milliseconds, "5000000"), (.integer, .integer(5), .seconds, "5000000000"),
    (.long, .integer(5), .nanoseconds, "5"),
  ] as [(DataType, Value, PointMapping.TimeUnit, String)])
func timesAreNanoseconds(_ type: DataType, _ value: Value, _ unit: PointMapping.TimeUnit, _ expected: String) throws {
  var mapping = PointMapping(measurement: .constant("m"), time: "t")
  mapping.timeUnit = unit
  #expect(try line(mapping, [("t", type, value), ("v", .integer, .integer(1))]) == "m v=1i \(expected)\n")
}

@Test func rowsThatCannotBePointsAreRejectedWithTheReason() throws {
  let timed = PointMapping(measurement: .constant("m"), tags: ["k"], time: "t")
  let column = PointMapping(measurement: .column("k"), time: "t")
  let big = String(repeating: "x", count: LineProtocolEncoder.stringBytesMax)
  let rows: [(PointMapping, Value, Value, Value, String?)] = [
    (timed, .string("a"), .timestamp(0), .string(big), nil),
    (timed, .string("a"), .timestamp(0), .string(big + "x"), "more than 65536 bytes"),
    (timed, .string("a"), .null, .string("v"), "time column is null"),
    (timed, .string("a"), .timestamp(.max), .string("v"), "1677 to 2262"),
    (timed, .string("a"), .timestamp(0), .null, "no field"),
    (timed, .string(big), .timestamp(0), .string("v"), "more than 65535 bytes"),
    (column, .null, .timestamp(0), .string("v"), "measurement is null"),
    (column, .string(""), .timestamp(0), .string("v"), "measurement is null"),
    (column, .string("#c"), .timestamp(0), .string("v"), "begin with"),
    (column, .string("a b"), .timestamp(0), .string("v"), nil),
  ]
  for (mapping, k, t, v, reason) in rows {
    let result = try line(mapping, [("k", .string, k), ("t", .timestamp, t), ("v", .string, v)])
    if let reason { #expect(result.contains(reason)) } else { #expect(result.hasSuffix(" 0\n")) }
  }
}

@Test func nanAndInfinityAreLeftOutAndCounted() throws {
  let schema = Schema([.init("a", .double), .init("b", .float), .init("c", .integer)])
  let batch = ColumnBatch(
    schema,
    [
      Column(.double, [.double(.nan), .double(.infinity)]), Column(.float, [.float(-.infinity), .float(1)]),
      Column(.integer, [.integer(1), .null]),
    ])
  let points = try LineProtocolEncoder(plain, schema: schema).encode(batch)
  #expect(String(decoding: points.bytes, as: UTF8.self) == "m c=1i\nm b=1.0\n")
  #expect(points.omittedValueCount == 3)
}

@Test func identityTellsRowsOfOneMillisecondApart() throws {
  let mapping = PointMapping(measurement: .constant("m"), time: "t", identity: ["a", "b"])
  func time(_ a: Value, _ b: Value, _ t: Int64) throws -> Int64 {
    let text = try line(
      mapping, [("a", .string, a), ("b", .integer, b), ("t", .timestamp, .timestamp(t)), ("v", .integer, .integer(1))])
    return Int64(text.split(separator: " ").last!.dropLast())!
  }
  let first = try time(.string("x"), .integer(1), 1_234_567)
  // The value is part of the promise: points written yesterday must meet those written tomorrow.
  #expect(first == 1_234_427_032)
  #expect(try time(.string("x"), .integer(1), 1_234_000) == first)
  #expect(try time(.string("x"), .integer(1), 1_235_000) == first + 1_000_000)
  var seen: Set<Int64> = [first]
  for (a, b) in [("x", 2), ("y", 1), ("", 1), ("x1", 1)] {
    seen.insert(try time(.string(a), .integer(Int64(b)), 1_234_567))
  }
  seen.insert(try time(.null, .integer(1), 1_234_567))
  #expect(seen.count == 6)
  #expect(seen.allSatisfy { $0 / 1_000_000 == 1234 })
  #expect(try time(.string("x"), .integer(1), -1) / 1_000_000 == 0)
}

@Test func mappingsThatCannotWorkNameTheColumn() {
  let schema = Schema([
    .init("a", .string), .init("time", .timestamp), .init("_x", .integer), .init("l", .array(.integer)),
    .init("d", .double), .init("b\\", .integer),
  ])
  let cases: [(PointMapping, String)] = [
    (PointMapping(measurement: .constant("m"), fields: ["a"], time: nil), "no time column"),
    (
      PointMapping(measurement: .constant("m"), tags: ["no"], fields: ["a"], time: "time"),
      "no: the query has no column"
    ),
    (PointMapping(measurement: .constant("m"), fields: ["_x"], time: "time"), "begins with '_'"),
    (PointMapping(measurement: .constant("m"), fields: ["l"], time: "time"), "can't be a field"),
    (PointMapping(measurement: .constant("m"), fields: ["b\\"], time: "time"), "backslash"),
    (PointMapping(measurement: .constant("m"), fields: ["a"], time: "d"), "the time column is double"),
    (PointMapping(measurement: .constant("m"), tags: ["a"], fields: ["a"], time: "time"), "used twice"),
    (PointMapping(measurement: .constant(""), fields: ["a"], time: "time"), "is empty"),
    (PointMapping(measurement: .constant("m"), tags: ["a"], fields: [], time: "time"), "no column is left"),
  ]
  for (mapping, expected) in cases {
    #expect {
      _ = try LineProtocolEncoder(mapping, schema: schema)
    } throws: {
      "\($0)".contains(expected)
    }
  }
}

@Test func seedFormHasNoTimeAndNoSuffix() throws {
  var mapping = plain
  mapping.writesIntegersAsFloats = true
  #expect(try line(mapping, [("y", .integer, .integer(2022)), ("n", .string, .string("x"))]) == "m y=2022,n=\"x\"\n")
}

@Test func manyRowsGrowTheOutput() throws {
  let schema = Schema([.init("s", .string), .init("n", .long)])
  let rows = (0..<3000).map { String(repeating: "\"", count: $0 % 40) }
  let batch = ColumnBatch(
    schema, [Column(.string, rows.map { .string($0) }), Column(.long, rows.indices.map { .integer(Int64($0)) })])
  let points = try LineProtocolEncoder(plain, schema: schema).encode(batch)
  let expected = rows.enumerated().map { "m s=\"" + String(repeating: "\\\"", count: $1.count) + "\",n=\($0)i\n" }
  #expect(String(decoding: points.bytes, as: UTF8.self) == expected.joined())
  #expect(points.lineCount == 3000)
}

@Test(arguments: 1...40)
func rowsWrittenTogetherAreThoseWrittenOneByOne(_ seed: UInt64) throws {
  var random = SplitMix(state: seed)
  let types: [DataType] = [.string, .string, .integer, .long, .short, .boolean, .double, .date, .timestamp]
  // Most blocks are plain; a few have something in them that is null, escaped, left out or rejected.
  let oddness = [0, 0, 2000, 300][Int.random(in: 0...3, using: &random)]
  func value(_ type: DataType) -> Value {
    let isOdd = oddness > 0 && Int.random(in: 0..<oddness, using: &random) == 0
    if isOdd, Bool.random(using: &random) { return .null }
    switch type {
    case .string:
      let count = Int.random(in: isOdd ? 0...2 : 1...40, using: &random)
      let letters = isOdd ? "\"\\, =\nx" : "abcäz0-_"
      return .string(String((0..<count).map { _ in letters.randomElement(using: &random)! }))
    case .integer:
      return .integer(
        Int64(Int32.random(in: .min ... .max, using: &random) >> Int32.random(in: 0...31, using: &random)))
    case .long:
      return .integer(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random))
    case .short: return .integer(Int64(Int16.random(in: .min ... .max, using: &random)))
    case .boolean: return .boolean(Bool.random(using: &random))
    case .double: return .double(isOdd ? .nan : Double.random(in: -1e6...1e6, using: &random))
    case .date: return .date(Int32.random(in: -100_000...100_000, using: &random))
    default: return .timestamp(Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random))
    }
  }
  let schema = Schema(types.enumerated().map { .init("c \($0.offset)", $0.element) })
  let rows = Int.random(in: 1...700, using: &random)
  let batch = ColumnBatch(schema, types.map { type in Column(type, (0..<rows).map { _ in value(type) }) })
  var mapping = plain
  mapping.writesIntegersAsFloats = Bool.random(using: &random)
  mapping.tags = [[], ["c 0"], ["c 3", "c 1"], ["c 0", "c 5", "c 7"]].randomElement(using: &random)!
  if Bool.random(using: &random) {
    mapping.time = "c 8"
    mapping.identity = Bool.random(using: &random) ? ["c 0", "c 2"] : []
  }
  let plan = try LineProtocolEncoder(mapping, schema: schema).plan
  let (together, oneByOne) = (encoded(plan, batch, true), encoded(plan, batch, false))
  #expect(together.bytes == oneByOne.bytes)
  #expect(together.lineCount == oneByOne.lineCount)
  #expect(together.rejected == oneByOne.rejected)
  #expect(together.omittedValueCount == oneByOne.omittedValueCount)
}

private func encoded(_ plan: PointPlan, _ batch: ColumnBatch, _ looksForPlainRows: Bool) -> EncodedPoints {
  var output = BufferBuilder()
  var run = LineProtocolRun(plan, batch)
  var points = withExtendedLifetime(batch) {
    run.encode(rows: batch.count, into: &output, looksForPlainRows: looksForPlainRows)
  }
  points.bytes = Array(UnsafeRawBufferPointer(start: output.base, count: output.count))
  return points
}
