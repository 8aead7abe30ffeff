import MillBase
import MillColumns
import Testing

@testable import MillQuery

// What Spark 4.0.1 was measured to give for each case (PySpark, from_json with the given schema; ANSI on).

private func column(_ name: String) -> DataType {
  switch name {
  case "int": .integer
  case "bigint": .long
  case "smallint": .short
  case "double": .double
  case "float": .float
  case "decimal(5,2)": .decimal(precision: 5, scale: 2)
  case "boolean": .boolean
  case "string": .string
  case "date": .date
  case "timestamp": .timestamp
  case "array<int>": .array(.integer)
  case "struct<a:int,b:string>": .struct(Schema([.init("a", .integer), .init("b", .string)]))
  case "map<string,int>": .map(key: .string, value: .integer)
  default: .binary
  }
}

/// The document's row as JSON.
private func read(_ type: DataType, _ document: String, _ options: JSONOptions = JSONOptions()) throws -> String {
  let reader = try JSONReader(type, options: options)
  let rows = try reader.read(Column(.string, [.string(document)]))
  var json: [UInt8] = []
  rows.column.appendJSON(0, to: &json)
  return String(decoding: json, as: UTF8.self)
}

private let corrupt = DataType.struct(
  Schema([.init("a", .integer), .init("b", .string), .init("_corrupt_record", .string)]))

private let typeCases: [(String, String, String)] = [
  ("int", #"{"i":1}"#, #"{"i":1}"#),
  ("int", #"{"i":2147483647}"#, #"{"i":2147483647}"#),
  ("int", #"{"i":2147483648}"#, #"{"i":null}"#),
  ("int", #"{"i":1.0}"#, #"{"i":null}"#),
  ("int", #"{"i":1.5}"#, #"{"i":null}"#),
  ("int", #"{"i":1e2}"#, #"{"i":null}"#),
  ("int", #"{"i":"5"}"#, #"{"i":null}"#),
  ("int", #"{"i":"x"}"#, #"{"i":null}"#),
  ("int", #"{"i":true}"#, #"{"i":null}"#),
  ("int", #"{"i":null}"#, #"{"i":null}"#),
  ("int", #"{"i":{}}"#, #"{"i":null}"#),
  ("int", #"{"i":[1]}"#, #"{"i":null}"#),
  ("int", #"{}"#, #"{"i":null}"#),
  ("int", #"{"I":1}"#, #"{"i":null}"#),
  ("int", #"{"i":1,"i":2}"#, #"{"i":2}"#),
  ("int", #""#, #"null"#),
  ("int", #"   "#, #"null"#),
  ("int", #"null"#, #"{"i":null}"#),
  ("int", #"[]"#, #"{"i":null}"#),
  ("int", #"[{"i":3}]"#, #"{"i":null}"#),
  ("int", #"[{"i":3},{"i":4}]"#, #"{"i":null}"#),
  ("int", #""s""#, #"{"i":null}"#),
  ("int", #"5"#, #"{"i":null}"#),
  ("int", #"{"i":1"#, #"{"i":null}"#),
  ("int", #"{"i":1} x"#, #"{"i":1}"#),
  ("int", #"{"i":1}{"i":2}"#, #"{"i":1}"#),
  ("int", #"{'i':1}"#, #"{"i":1}"#),
  ("int", #"{i:1}"#, #"{"i":null}"#),
  ("int", #"{"i":01}"#, #"{"i":null}"#),
  ("int", #"{"i":+1}"#, #"{"i":null}"#),
  ("int", #"{"i":1,}"#, #"{"i":null}"#),
  ("int", "\u{feff}{\"i\":1}", #"{"i":null}"#),
  ("int", #"{"i":-0}"#, #"{"i":0}"#),
  ("int", #"{"j":{"k":[1,2]},"i":7}"#, #"{"i":7}"#),
  ("int", "//c\u{a}{\"i\":1}", #"{"i":null}"#),
  ("int", #"{"i": 9999999999999999999999}"#, #"{"i":null}"#),
  ("bigint", #"{"i":9223372036854775807}"#, #"{"i":9223372036854775807}"#),
  ("bigint", #"{"i":9223372036854775808}"#, #"{"i":null}"#),
  ("bigint", #"{"i":1.0}"#, #"{"i":null}"#),
  ("bigint", #"{"i":"1"}"#, #"{"i":null}"#),
  ("smallint", #"{"i":40000}"#, #"{"i":null}"#),
  ("smallint", #"{"i":7}"#, #"{"i":7}"#),
  ("double", #"{"i":1}"#, #"{"i":1.0}"#),
  ("double", #"{"i":"1.5"}"#, #"{"i":null}"#),
  ("double", #"{"i":"NaN"}"#, #"{"i":"NaN"}"#),
  ("double", #"{"i":NaN}"#, #"{"i":"NaN"}"#),
  ("double", #"{"i":"Infinity"}"#, #"{"i":"Infinity"}"#),
  ("double", #"{"i":"+INF"}"#, #"{"i":"Infinity"}"#),
  ("double", #"{"i":"-Infinity"}"#, #"{"i":"-Infinity"}"#),
  ("double", #"{"i":true}"#, #"{"i":null}"#),
  ("double", #"{"i":1e400}"#, #"{"i":"Infinity"}"#),
  ("double", #"{"i":4799277.0}"#, #"{"i":4799277.0}"#),
  ("float", #"{"i":1e39}"#, #"{"i":"Infinity"}"#),
  ("float", #"{"i":16777217}"#, #"{"i":1.6777216E7}"#),
  ("decimal(5,2)", #"{"i":1.005}"#, #"{"i":1.01}"#),
  ("decimal(5,2)", #"{"i":12345.6}"#, #"{"i":null}"#),
  ("decimal(5,2)", #"{"i":"1.5"}"#, #"{"i":1.50}"#),
  ("boolean", #"{"i":true}"#, #"{"i":true}"#),
  ("boolean", #"{"i":"true"}"#, #"{"i":null}"#),
  ("boolean", #"{"i":1}"#, #"{"i":null}"#),
  ("string", #"{"i":1}"#, #"{"i":"1"}"#),
  ("string", #"{"i":1.50}"#, #"{"i":"1.5"}"#),
  ("string", #"{"i":1e5}"#, #"{"i":"100000.0"}"#),
  ("string", #"{"i":true}"#, #"{"i":"true"}"#),
  ("string", #"{"i":null}"#, #"{"i":null}"#),
  ("string", #"{"i":{"a": 1, "b":[1,2 ]}}"#, #"{"i":"{\"a\":1,\"b\":[1,2]}"}"#),
  ("string", #"{"i":[1, "x"]}"#, #"{"i":"[1,\"x\"]"}"#),
  ("string", #"{"i":"é\u00e9\n"}"#, #"{"i":"éé\n"}"#),
  ("string", #"{"i":12345678901234567890}"#, #"{"i":"12345678901234567890"}"#),
  ("string", #"{"i":4799277.0}"#, #"{"i":"4799277.0"}"#),
  ("date", #"{"i":"2020-01-02"}"#, #"{"i":"2020-01-02"}"#),
  ("date", #"{"i":"2020-1-2"}"#, #"{"i":"2020-01-02"}"#),
  ("date", #"{"i":"2020-01-02T03:04:05Z"}"#, #"{"i":"2020-01-02"}"#),
  ("date", #"{"i":18263}"#, #"{"i":null}"#),
  ("date", #"{"i":"x"}"#, #"{"i":null}"#),
  ("timestamp", #"{"i":"2020-01-02T03:04:05.123Z"}"#, #"{"i":"2020-01-02T03:04:05.123Z"}"#),
  ("timestamp", #"{"i":"1962-12-20T21:26:52.824Z"}"#, #"{"i":"1962-12-20T21:26:52.824Z"}"#),
  ("timestamp", #"{"i":"2020-01-02 03:04:05"}"#, #"{"i":"2020-01-02T03:04:05.000Z"}"#),
  ("timestamp", #"{"i":"2020-01-02T03:04:05+05:30"}"#, #"{"i":"2020-01-01T21:34:05.000Z"}"#),
  ("timestamp", #"{"i":1577934245}"#, #"{"i":"2020-01-02T03:04:05.000Z"}"#),
  ("timestamp", #"{"i":"1577934245"}"#, #"{"i":null}"#),
  ("timestamp", #"{"i":1577934245.5}"#, #"{"i":null}"#),
  ("timestamp", #"{"i":"2020-01-02"}"#, #"{"i":"2020-01-02T00:00:00.000Z"}"#),
  ("array<int>", #"{"i":[1,2]}"#, #"{"i":[1,2]}"#),
  ("array<int>", #"{"i":[1,"x",3]}"#, #"{"i":null}"#),
  ("array<int>", #"{"i":[1,null]}"#, #"{"i":[1,null]}"#),
  ("array<int>", #"{"i":5}"#, #"{"i":null}"#),
  ("array<int>", #"{"i":{}}"#, #"{"i":null}"#),
  ("array<int>", #"{"i":[]}"#, #"{"i":[]}"#),
  ("array<int>", #"{"i":[1.5]}"#, #"{"i":null}"#),
  ("struct<a:int,b:string>", #"{"i":{"a":1,"b":"x"}}"#, #"{"i":{"a":1,"b":"x"}}"#),
  ("struct<a:int,b:string>", #"{"i":{"a":"z","b":"x"}}"#, #"{"i":{"a":null,"b":"x"}}"#),
  ("struct<a:int,b:string>", #"{"i":[{"a":1}]}"#, #"{"i":null}"#),
  ("struct<a:int,b:string>", #"{"i":"{}"}"#, #"{"i":null}"#),
  ("struct<a:int,b:string>", #"{"i":5}"#, #"{"i":null}"#),
  ("map<string,int>", #"{"i":{"a":1,"b":2}}"#, #"{"i":{"a":1,"b":2}}"#),
  ("map<string,int>", #"{"i":{"a":"q","b":2}}"#, #"{"i":null}"#),
  ("binary", #"{"i":"aGk="}"#, #"{"i":"aGk="}"#),
  ("binary", #"{"i":"hi"}"#, #"{"i":null}"#),
]

@Test(arguments: typeCases.indices)
func eachTypeTakesWhatSparkTakes(_ index: Int) throws {
  let (type, document, expected) = typeCases[index]
  #expect(try read(.struct(Schema([.init("i", column(type))])), document) == expected, "\(type) \(document)")
}

/// All documents of a type in one batch: rows must not disturb each other.
@Test(arguments: Set(typeCases.map(\.0)).sorted())
func rowsOfABatchAreIndependent(_ type: String) throws {
  let cases = typeCases.filter { $0.0 == type }
  let reader = try JSONReader(.struct(Schema([.init("i", column(type))])))
  let documents = (0..<50).flatMap { round in cases.map { ($0, $0.1, round) } }
  let rows = try reader.read(Column(.string, documents.map { .string($0.1) }))
  for (row, (expected, document, _)) in documents.enumerated() {
    var json: [UInt8] = []
    rows.column.appendJSON(row, to: &json)
    #expect(String(decoding: json, as: UTF8.self) == expected.2, "row \(row): \(document)")
  }
}

private let partialCases: [(Bool, String, String)] = [
  (
    true, #"{"a":"bad","b":"keep","c":1.5,"n":{"x":"bad","y":"ok"},"l":[{"p":1,"q":"u"},{"p":"bad","q":"w"}]}"#,
    #"{"a":null,"b":"keep","c":1.5,"n":{"x":null,"y":"ok"},"l":[{"p":1,"q":"u"},{"p":null,"q":"w"}]}"#
  ),
  (
    true, #"{"a":1,"b":"keep","c":1.5,"n":5,"l":[{"p":1,"q":"u"}]}"#,
    #"{"a":1,"b":"keep","c":1.5,"n":null,"l":[{"p":1,"q":"u"}]}"#
  ),
  (true, #"{"a":1,"b":"keep","c":1.5,"l":[{"p":1},7,null]}"#, #"{"a":1,"b":"keep","c":1.5,"n":null,"l":null}"#),
  (true, #"{"a":1,"b":"keep"#, #"{"a":null,"b":null,"c":null,"n":null,"l":null}"#),
  (true, #"{"b":"x","a":2147483648,"c":2}"#, #"{"a":null,"b":"x","c":2.0,"n":null,"l":null}"#),
  (
    false, #"{"a":"bad","b":"keep","c":1.5,"n":{"x":"bad","y":"ok"},"l":[{"p":1,"q":"u"},{"p":"bad","q":"w"}]}"#,
    #"{"a":null,"b":"keep","c":1.5,"n":null,"l":null}"#
  ),
  (
    false, #"{"a":1,"b":"keep","c":1.5,"n":5,"l":[{"p":1,"q":"u"}]}"#,
    #"{"a":1,"b":"keep","c":1.5,"n":null,"l":[{"p":1,"q":"u"}]}"#
  ),
  (false, #"{"a":1,"b":"keep","c":1.5,"l":[{"p":1},7,null]}"#, #"{"a":1,"b":"keep","c":1.5,"n":null,"l":null}"#),
  (false, #"{"a":1,"b":"keep"#, #"{"a":null,"b":null,"c":null,"n":null,"l":null}"#),
  (false, #"{"b":"x","a":2147483648,"c":2}"#, #"{"a":null,"b":"x","c":2.0,"n":null,"l":null}"#),
]

@Test(arguments: partialCases.indices)
func partialResultsAreSparks(_ index: Int) throws {
  let (isEnabled, document, expected) = partialCases[index]
  let type = DataType.struct(
    Schema([
      .init("a", .integer), .init("b", .string), .init("c", .double),
      .init("n", .struct(Schema([.init("x", .integer), .init("y", .string)]))),
      .init("l", .array(.struct(Schema([.init("p", .integer), .init("q", .string)])))),
    ]))
  var options = JSONOptions()
  options.enablePartialResults = isEnabled
  #expect(try read(type, document, options) == expected)
}

private let modeCases: [(String, String, String)] = [
  ("PERMISSIVE", #"{"a":1,"b":"x"}"#, #"{"a":1,"b":"x","_corrupt_record":null}"#),
  ("PERMISSIVE", #"{"a":"bad","b":"x"}"#, #"{"a":null,"b":"x","_corrupt_record":"{\"a\":\"bad\",\"b\":\"x\"}"}"#),
  ("PERMISSIVE", #"{"a":1,"b":"#, #"{"a":null,"b":null,"_corrupt_record":"{\"a\":1,\"b\":"}"#),
  ("PERMISSIVE", #"[1]"#, #"{"a":null,"b":null,"_corrupt_record":"[1]"}"#),
  ("FAILFAST", #"{"a":1,"b":"x"}"#, #"{"a":1,"b":"x","_corrupt_record":null}"#),
  ("FAILFAST", #"{"a":"bad","b":"x"}"#, #"ERR"#),
  ("FAILFAST", #"{"a":1,"b":"#, #"ERR"#),
  ("FAILFAST", #"[1]"#, #"ERR"#),
  ("DROPMALFORMED", #"{"a":1,"b":"x"}"#, #"ERR"#),
  ("DROPMALFORMED", #"{"a":"bad","b":"x"}"#, #"ERR"#),
  ("DROPMALFORMED", #"{"a":1,"b":"#, #"ERR"#),
  ("DROPMALFORMED", #"[1]"#, #"ERR"#),
]

@Test(arguments: modeCases.indices)
func modesAreSparks(_ index: Int) throws {
  let (mode, document, expected) = modeCases[index]
  let result = try? read(
    corrupt, document, JSONOptions(["mode": mode, "columnNameOfCorruptRecord": "_corrupt_record"]))
  #expect((result ?? "ERR") == expected)
}

private let optionCases: [([String: String], String, String)] = [
  (["primitivesAsString": "true"], #"{"a":1}"#, #"{"a":1,"b":null,"_corrupt_record":null}"#),
  (["allowSingleQuotes": "false"], #"{'a':1}"#, #"{"a":null,"b":null,"_corrupt_record":"{'a':1}"}"#),
  (["allowComments": "true"], #"/*x*/{"a":1}"#, #"{"a":1,"b":null,"_corrupt_record":null}"#),
  (["allowUnquotedFieldNames": "true"], #"{a:1}"#, #"{"a":1,"b":null,"_corrupt_record":null}"#),
  (["allowNumericLeadingZeros": "true"], #"{"a":01}"#, #"{"a":1,"b":null,"_corrupt_record":null}"#),
  (["allowUnquotedControlChars": "true"], "{\"b\":\"x\u{9}y\"}", #"{"a":null,"b":"x\ty","_corrupt_record":null}"#),
  ([:], "{\"b\":\"x\u{9}y\"}", #"{"a":null,"b":null,"_corrupt_record":"{\"b\":\"x\ty\"}"}"#),
  (["allowBackslashEscapingAnyCharacter": "true"], #"{"b":"\$"}"#, #"{"a":null,"b":"$","_corrupt_record":null}"#),
  ([:], #"{"b":"\$"}"#, #"{"a":null,"b":null,"_corrupt_record":"{\"b\":\"\\$\"}"}"#),
  (["dropFieldIfAllNull": "true"], #"{"a":null}"#, #"{"a":null,"b":null,"_corrupt_record":null}"#),
]

@Test(arguments: optionCases.indices)
func optionsAreSparks(_ index: Int) throws {
  let (options, document, expected) = optionCases[index]
  #expect(try read(corrupt, document, JSONOptions(options)) == expected)
}

@Test func arrayAtTheRoot() throws {
  let type = DataType.array(.struct(Schema([.init("a", .integer)])))
  #expect(try read(type, #"[{"a":1},{"a":2}]"#) == #"[{"a":1},{"a":2}]"#)
  #expect(try read(type, #"{"a":1}"#) == #"[{"a":1}]"#)
  #expect(try read(type, "5") == "null")
}

@Test func nullableFalseIsIgnored() throws {
  let type = DataType.struct(Schema([.init("a", .integer), .init("b", .string)]))
  #expect(try read(type, #"{"a":1}"#) == #"{"a":1,"b":null}"#)
}
