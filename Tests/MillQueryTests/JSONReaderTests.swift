import MillBase
import MillColumns
import MillDiskSupport
import MillLog
import Testing

@testable import MillQuery

private func schema(_ columns: [(String, DataType)]) -> DataType {
  .struct(Schema(columns.map { .init($0.0, $0.1) }))
}

private func json(_ column: Column, _ row: Int = 0) -> String {
  var bytes: [UInt8] = []
  column.appendJSON(row, to: &bytes)
  return String(decoding: bytes, as: UTF8.self)
}

private func read(_ type: DataType, _ document: String, _ options: JSONOptions = JSONOptions()) throws -> String {
  json(try JSONReader(type, options: options).read(Column(.string, [.string(document)])).column)
}

// MARK: Strings

@Test(arguments: [
  (#""""#, ""), (#""a""#, "a"), (#""seven77""#, "seven77"), (#""eight888""#, "eight888"),
  (#""nine99999 and more than sixteen""#, "nine99999 and more than sixteen"),
  (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
  (#""\u00e9\u20AC\ud83d\ude00""#, "é€😀"), (#""é€😀""#, "é€😀"), (#""\ud83d""#, "?"), (#""\ude00x""#, "?x"),
  (#""\ud83d\u0041""#, "?A"), (#"'it\'s "x"'"#, #"it's "x""#), (#""it's \'x\'""#, "it's 'x'"),
  (#""12345678\n""#, "12345678\n"), (#""\u0000""#, "\0"),
])
func stringsAreDecoded(_ document: String, _ expected: String) throws {
  let reader = try JSONReader(schema([("s", .string)]))
  let rows = try reader.read(
    Column(.string, [.string("{\"s\":\(document)}"), .string("{\"s\": \(document) , \"t\": 1}")]))
  for row in 0..<2 { #expect(rows.column.value(row) == .struct([.string(expected)])) }
}

/// The reader guesses that a value is as long as the one before it.
@Test func lengthsThatChangeFromRowToRowAreRight() throws {
  var random = SeededRandom(7)
  let reader = try JSONReader(schema([("s", .string), ("n", .long), ("t", .string)]))
  var documents: [Value] = []
  var expected: [Value] = []
  for _ in 0..<3000 {
    func text() -> String {
      let letter = ["a", "é", "\\n", "€"].randomElement(using: &random)!
      let length = Bool.random(using: &random) ? Int.random(in: 0...40, using: &random) : 7
      let at = Int.random(in: 0...60, using: &random)
      return (0..<length).map { $0 == at ? letter : "x" }.joined()
    }
    let (s, t) = (text(), text())
    let digits = Int.random(in: 1...18, using: &random)
    let number = Int64((0..<digits).map { _ in "123456789".randomElement(using: &random)! }.map(String.init).joined())!
    documents.append(.string("{\"s\": \"\(s)\", \"n\": \(number), \"t\": \"\(t)\"}"))
    let decoded = [s, t].map { Value.string($0.replacing("\\n", with: "\n")) }
    expected.append(.struct([decoded[0], .integer(number), decoded[1]]))
  }
  let rows = try reader.read(Column(.string, documents))
  for row in expected.indices { #expect(rows.column.value(row) == expected[row]) }
}

/// Members that are not in the schema are passed over by what was there before.
@Test func membersThatNobodyWantsAreCheckedWhateverStoodThereBefore() throws {
  let type = schema([("a", .integer), ("b", .integer)])
  let values = [
    #""x""#, #""another text, longer than sixteen bytes""#, #""""#, "1", #""é""#, #""\n \"quoted\"""#, "[1, {}]",
    "null", #""x""#,
    #"  "x" "#, #""1""#, #"{"x": "y"}"#, "true",
  ]
  let broken = ["\"a\tb\"", #""\q""#, "nul", #""x"#, "[1", #""x"y"#]
  let reader = try JSONReader(type)
  for value in values + broken.flatMap({ [$0, #""x""#] }) {
    let document = #"{"a": 1, "other": \#(value), "b": 2, "last": \#(value)}"#
    let rows = try reader.read(Column(.string, [.string(document)]))
    let isBroken = broken.contains(value)
    #expect(rows.malformed.count == (isBroken ? 1 : 0), "\(document)")
    #expect(
      rows.column.value(0) == .struct(isBroken ? [.null, .null] : [.integer(1), .integer(2)]), "\(document)")
  }
}

/// Whatever members the objects before had, and in which order.
@Test(arguments: [3, 12, 400])
func membersComeInAnyOrderOrNotAtAll(_ names: Int) throws {
  var random = SeededRandom(UInt64(names))
  let wanted = [0, 1, 2]
  let reader = try JSONReader(schema(wanted.map { ("name \($0)", .integer) }))
  var order = Array(0..<names)
  for _ in 0..<2000 {
    switch Int.random(in: 0..<20, using: &random) {
    case 0: order.shuffle(using: &random)
    case 1:
      order = Array((0..<names).shuffled(using: &random).prefix(Int.random(in: 0...min(names, 12), using: &random)))
    case 2: order.insert(Int.random(in: 0..<names, using: &random), at: 0)
    case 3: order = Array(0..<names)
    default: break
    }
    let members = order.map { ($0, Int64.random(in: 0...99_999, using: &random)) }
    let document = members.map { name, value in "\"name \(name)\": \(value)" }.joined(separator: ", ")
    // The last of several members of one name counts.
    let values = wanted.map { name in members.last { $0.0 == name }.map { Value.integer($0.1) } ?? .null }
    #expect(try reader.read(Column(.string, [.string("{\(document)}")])).column.value(0) == .struct(values))
  }
}

@Test func textThatIsNotUTF8IsReplaced() throws {
  let reader = try JSONReader(schema([("s", .string), ("t", .string)]))
  let document =
    Array("{\"s\":\"a".utf8) + [0xFF, 0xC3, 0xA9, 0xE2, 0x82] + Array("\",\"t\":\"\\n".utf8) + [0x80]
    + Array("\"}".utf8)
  let rows = try reader.read(Column(.binary, [.binary(document)]))
  #expect(rows.column.value(0) == .struct([.string("a\u{FFFD}é\u{FFFD}"), .string("\n\u{FFFD}")]))
}

// MARK: Mistakes

@Test(arguments: [
  (#"{"a":tru}"#, "unknown word", 5), (#"{"a" 1}"#, "expected ':'", 5), (#"{"a":1 "b":2}"#, "expected ',' or '}'", 7),
  (#"{"x":[1,]}"#, "expected a value", 8), (#"{"x":[1 2]}"#, "expected ',' or ']'", 8),
  (#"{"x":{"y":1,}}"#, "expected a name", 12),
  (#"{"a":1."#, "too early", 7), (#"{"a":1.x}"#, "expected a digit", 7), (#"{"a":-}"#, "expected a value", 5),
  (#"{"a":1e}"#, "expected a digit", 7), (#"{"a":.5}"#, "expected a value", 5), (#"{"a":"\q"}"#, "unknown escape", 6),
  (#"{"a":"\u12g4"}"#, "four hexadecimal", 6), (#"{"a":"x"#, "too early", 7), (#"{"#, "too early", 1),
  (#"{"a"#, "too early", 3),
  (#"{"a":"#, "too early", 5), (#"[1]"#, "not an object", 0), (#"{,}"#, "expected a name", 1),
  (#"{"x":nul}"#, "expected a value", 5),
  (#"{"a":[1,2}"#, "expected ',' or ']'", 9), (#"{"x":"\ud8"#, "four hexadecimal", 6),
  ("{\"x\":\"\n\"}", "control character", 6), (#"{"x":'"#, "too early", 6),
])
func malformedDocumentsSayWhere(_ document: String, _ reason: String, _ position: Int) throws {
  let reader = try JSONReader(schema([("a", .integer), ("b", .array(.integer))]))
  let rows = try reader.read(
    Column(.string, [.string(#"{"a":7,"b":[1]}"#), .string(document), .string(#"{"a":8,"b":[2,3]}"#)]))
  #expect(json(rows.column, 0) == #"{"a":7,"b":[1]}"#)
  #expect(json(rows.column, 1) == #"{"a":null,"b":null}"#)
  #expect(json(rows.column, 2) == #"{"a":8,"b":[2,3]}"#)
  #expect(rows.malformed.count == 1)
  #expect(rows.malformed[0].row == 1 && rows.malformed[0].position == position, "\(rows.malformed)")
  #expect(rows.malformed[0].reason.contains(reason), "\(rows.malformed)")
}

/// Every document cut at every byte, in one batch with whole ones: no cut may leave a trace in its neighbours.
@Test func cutDocumentsLeaveNoTrace() throws {
  let document =
    #"{"a":[{"p":1.5,"q":["x","y\n"]},{"p":-2}],"m":{"k":"é","l":null},"u":{"v":[true,{"w":1e5}]},"s":{"t":"2020-01-02"},"n":12}"#
  let type = schema([
    ("a", .array(schema([("p", .double), ("q", .array(.string))]))), ("m", .map(key: .string, value: .string)),
    ("s", schema([("t", .date)])), ("n", .long),
  ])
  let bytes = Array(document.utf8)
  var documents: [Value] = []
  for count in 1..<bytes.count {
    documents.append(.binary(Array(bytes[..<count])))
    documents.append(.binary(bytes))
  }
  let rows = try JSONReader(type).read(Column(.binary, documents))
  let whole =
    #"{"a":[{"p":1.5,"q":["x","y\n"]},{"p":-2.0,"q":null}],"m":{"k":"é","l":null},"s":{"t":"2020-01-02"},"n":12}"#
  for row in 0..<documents.count {
    #expect(json(rows.column, row) == (row % 2 == 1 ? whole : #"{"a":null,"m":null,"s":null,"n":null}"#))
  }
  #expect(rows.malformed.count == bytes.count - 1)
}

// MARK: Keys

@Test(arguments: [
  (#"{"b":2,"a":1}"#, #"{"a":1,"b":2}"#), (#"{"a":1,"x":{"a":9},"b":2}"#, #"{"a":1,"b":2}"#),
  (#"{"\u0061":1,"b":2}"#, #"{"a":1,"b":2}"#), (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#),
  (#"{"a":1,"a":"bad","b":2}"#, #"{"a":1,"b":2}"#), (#"{"a":"bad","a":1,"b":2}"#, #"{"a":1,"b":2}"#),
  (#"{"a":1,"a":null,"b":2}"#, #"{"a":null,"b":2}"#), (#"{ "a" : 1 , "b" : 2 }"#, #"{"a":1,"b":2}"#),
  ("{\n\t\"a\":\r\n1,\"b\":2}", #"{"a":1,"b":2}"#), (#"{"b":2}"#, #"{"a":null,"b":2}"#),
  (#"{"aa":5,"b":2}"#, #"{"a":null,"b":2}"#),
])
func keysAreFoundInAnyOrder(_ document: String, _ expected: String) throws {
  let reader = try JSONReader(schema([("a", .integer), ("b", .integer)]))
  // Before and after documents of the usual form, which the reader learns.
  let usual = #"{"a":1,"b":2}"#
  let rows = try reader.read(Column(.string, [usual, document, usual, document, document].map { .string($0) }))
  #expect((0..<5).map { json(rows.column, $0) } == [usual, expected, usual, expected, expected])
}

@Test func repeatedKeysOfNestedColumns() throws {
  let type = schema([("l", .array(.integer)), ("n", schema([("x", .integer)])), ("s", .string)])
  #expect(
    try read(type, #"{"l":[1,2],"n":{"x":1},"s":"a","l":[3],"n":{"x":"bad"},"s":5,"l":[4,"x"],"n":7}"#)
      == #"{"l":[3],"n":{"x":null},"s":"5"}"#)
}

@Test func membersThatAreSkippedMayChange() throws {
  let reader = try JSONReader(schema([("a", .integer)]))
  let documents = [
    #"{"u":{"v":[1,2,3]},"a":1}"#, #"{"u":{"v":[1,2,3]},"a":2}"#, #"{"u":{"v":[1,2,4]},"a":3}"#, #"{"u":{"v":[1,2,4"#,
    #"{"u":{"v":[1,2,3]}  ,"a":4}"#, #"{"a":5}"#, #"{"u":12,"a":6}"#, #"{"u":123,"a":7}"#, #"{"u":"x","a":8}"#,
  ]
  let rows = try reader.read(Column(.string, documents.map { .string($0) }))
  let expected: [Int64?] = [1, 2, 3, nil, 4, 5, 6, 7, 8]
  #expect(rows.column.children[0].allValues == expected.map { $0.map { Value.integer($0) } ?? .null })
  #expect(rows.malformed.map(\.row) == [3])
}

@Test func repeatedNamesInTheSchema() throws {
  #expect(try read(schema([("a", .integer), ("a", .string)]), #"{"a":1}"#) == #"{"a":null,"a":"1"}"#)
}

// MARK: Limits

@Test func nestingHasALimit() throws {
  var options = JSONOptions()
  options.maxNestingDepth = 10
  let type = schema([("a", .integer), ("s", .string)])
  for (depth, fits) in [(9, true), (10, false), (100_000, false)] {
    let deep = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    #expect(try read(type, "{\"x\":\(deep),\"a\":1}", options).contains("\"a\":1") == fits)
    #expect(try read(type, "{\"s\":\(deep),\"a\":1}", options).contains("\"a\":1") == fits)
  }
}

@Test func numbersAndStringsHaveALimit() throws {
  var options = JSONOptions()
  options.maxNumLen = 20
  options.maxStringLen = 20
  let type = schema([("d", .double), ("s", .string), ("a", .integer)])
  for (count, fits) in [(20, true), (21, false)] {
    let text = String(repeating: "1", count: count)
    // As in Spark: a long number makes the document malformed, a long string only its own column null.
    for document in ["{\"a\":1,\"d\":\(text)}", "{\"a\":1,\"x\":\(text)}", "{\"a\":1,\"s\":\(text)}"] {
      #expect(try read(type, document, options).contains("\"a\":1") == fits, "\(document)")
    }
    #expect(try read(type, "{\"a\":1,\"s\":\"\(text)\"}", options).contains("\"s\":null") != fits)
    #expect(try read(type, "{\"a\":1,\"s\":\"\\u0031\(text.dropLast())\"}", options).contains("\"s\":null") != fits)
  }
}

@Test func schemasThatCannotBeRead() {
  var deep = DataType.integer
  for _ in 0...JSONReader.typeDepthMax { deep = .array(deep) }
  for type in [.integer, deep, .map(key: .integer, value: .string), schema([("_corrupt_record", .integer)])] {
    #expect(throws: MillError.self) { _ = try JSONReader(type) }
  }
  #expect { _ = try JSONOptions(["timestampFormat": "jj"]) } throws: { "\($0)".contains("pattern: jj") }
  #expect { _ = try JSONOptions(["timeZone": "Mars/Olympus"]) } throws: { "\($0)".contains("Mars/Olympus") }
  #expect { _ = try JSONOptions(["locale": "de"]) } throws: { "\($0)".contains("to_timestamp") }
  #expect { _ = try JSONOptions(["nonsense": "1"]) } throws: { "\($0)".contains("nonsense") }
  #expect { _ = try JSONOptions(["allowComments": "maybe"]) } throws: { "\($0)".contains("true or false") }
}

// MARK: Batches

@Test func unneededColumnsAreLeftOutButChecked() throws {
  let type = schema([
    ("a", .array(schema([("p", .integer), ("q", .string)]))), ("b", .string),
    ("m", .map(key: .string, value: schema([("x", .integer), ("y", .integer)]))),
  ])
  let needed = NeededJSON.columns(["a": .columns(["q": .all]), "m": .columns(["y": .all])])
  let reader = try JSONReader(type, needed: needed)
  #expect(
    reader.type
      == schema([("a", .array(schema([("q", .string)]))), ("m", .map(key: .string, value: schema([("y", .integer)])))]))
  let rows = try reader.read(
    Column(
      .string, [.string(#"{"a":[{"p":1,"q":"x"}],"b":"c","m":{"k":{"x":1,"y":2}}}"#), .string(#"{"a":[{"p":01}]}"#)]))
  #expect(json(rows.column, 0) == #"{"a":[{"q":"x"}],"m":{"k":{"y":2}}}"#)
  #expect(rows.malformed.map(\.row) == [1])
}

@Test func recordsAreReadWithoutCopyingThemFirst() throws {
  let bytes = Array(#"{"i":1}{"i":2}"#.utf8)
  func slot(_ start: Int32, _ count: Int32) -> RecordBatch.Slot {
    .init(offset: 0, timestamp: 0, keyStart: -1, keyCount: 0, valueStart: start, valueCount: count, headersStart: 0)
  }
  let batch = RecordBatch(
    topicPartition: .init("t", 0), bytes: bytes, slots: [slot(7, 7), slot(-1, 0), slot(0, 7), slot(0, 6)], nextOffset: 4
  )
  let rows = try JSONReader(schema([("i", .integer)])).read(batch)
  #expect(rows.column.allValues == [.struct([.integer(2)]), .null, .struct([.integer(1)]), .struct([.null])])
}

@Test func manyBatchesFromOneReader() throws {
  let reader = try JSONReader(schema([("s", .string), ("l", .array(.long)), ("n", schema([("d", .double)]))]))
  for round in 0..<5 {
    let count = [3, 1000, 0, 200, 5000][round]
    for row in 0..<count {
      let text = row % 7 == 3 ? "{\"s\":null}" : "{\"s\":\"\(row)\",\"l\":[\(row),\(-row)],\"n\":{\"d\":\(row).5}}"
      try Array(text.utf8).withUnsafeBytes { try reader.append($0) }
    }
    let column = reader.finish().column
    #expect(column.count == count)
    for row in 0..<count {
      let expected: Value =
        row % 7 == 3
        ? .struct([.null, .null, .null])
        : .struct([
          .string("\(row)"), .array([.integer(Int64(row)), .integer(Int64(-row))]),
          .struct([.double(Double(row) + 0.5)]),
        ])
      #expect(column.value(row) == expected)
    }
  }
}

@Test func misfitsAreCountedApartFromMalformed() throws {
  let rows = try JSONReader(schema([("a", .integer)])).read(
    Column(.string, [.string(#"{"a":"x"}"#), .string("{"), .string(#"{"a":1}"#)]))
  #expect(rows.misfitCount == 1)
  #expect(rows.malformed.count == 1)
}

@Test func failFastNamesTheRecord() throws {
  let reader = try JSONReader(schema([("a", .integer)]), options: JSONOptions(["mode": "failfast"]))
  #expect {
    _ = try reader.read(Column(.string, [.string(#"{"a":"x"}"#)]))
  } throws: {
    "\($0)".contains("FAILFAST") && "\($0)".contains(#"{"a":"x"}"#)
  }
}

// MARK: Types in detail

@Test(
  arguments: [
    (.byte, "200", "-56"), (.byte, "256", "null"), (.long, "-9223372036854775808", "-9223372036854775808"),
    (.integer, "-2147483648", "-2147483648"), (.integer, "00", ""), (.integer, "12345678", "12345678"),
    (.integer, "123456789", "123456789"),
    (.long, "1234567890123456789", "1234567890123456789"), (.long, "99999999999999999999", "null"),
    (.string, "1E400", #""\"Infinity\"""#), (.string, "NaN", #""\"NaN\"""#), (.string, "-0", #""0""#),
    (.string, "-0.0", #""-0.0""#),
    (.string, #"[ {"a" : NaN}, 'x', 1.50, -0, "\u0001/" ]"#, #""[{\"a\":\"NaN\"},\"x\",1.5,0,\"\\u0001/\"]""#),
    (.date, #""18263""#, #""+18263-01-01""#), (.date, #""-5""#, #""1969-12-27""#),
    (.timestamp, #""2020-01-02T03:04:05GMT+01:00""#, #""2020-01-02T02:04:05.000Z""#),
    (.decimal(precision: 10, scale: 2), #""1,234.5""#, "1234.50"), (.decimal(precision: 10, scale: 2), "NaN", "null"),
    (.double, "-INF", #""-Infinity""#), (.double, "-Infinity", #""-Infinity""#), (.boolean, "null", "null"),
    (.array(.array(.integer)), "[[1],[2,\"x\"]]", "null"), (.array(.array(.integer)), "[[1],null,[]]", "[[1],null,[]]"),
    (.map(key: .string, value: .array(.string)), #"{"\u0061":["x"],"b":null}"#, #"{"a":["x"],"b":null}"#),
  ] as [(DataType, String, String)])
func valuesOfEachType(_ type: DataType, _ value: String, _ expected: String) throws {
  let result = try read(schema([("v", type), ("w", .integer)]), "{\"v\": \(value), \"w\": 1}")
  #expect(result == (expected.isEmpty ? #"{"v":null,"w":null}"# : "{\"v\":\(expected),\"w\":1}"))
}
