import MillBase
import Testing

@testable import MillColumns

private func text(_ write: (UnsafeMutablePointer<UInt8>) -> Int) -> String {
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) {
    String(decoding: $0[..<write($0.baseAddress!)], as: UTF8.self)
  }
}

private func parse<T>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
  Array(text.utf8).withUnsafeBufferPointer(body)
}

@Test(arguments: [
  (1.0, "1.0"), (1e7, "1.0E7"), (9_999_999.0, "9999999.0"), (1e-4, "1.0E-4"), (0.001, "0.001"),
  (123_456_789.0, "1.23456789E8"), (4799277.0, "4799277.0"), (1.5, "1.5"), (100000.0, "100000.0"), (0.0, "0.0"),
  (-0.0, "-0.0"), (.nan, "NaN"), (-.infinity, "-Infinity"), (1e300, "1.0E300"), (.leastNonzeroMagnitude, "4.9E-324"),
  (-1.25e-10, "-1.25E-10"), (1.7976931348623157e308, "1.7976931348623157E308"), (0.1 + 0.2, "0.30000000000000004"),
  (12345.678, "12345.678"), (1e20, "1.0E20"), (9_007_199_254_740_992, "9.007199254740992E15"),
])
func doublesLookAsInJava(_ value: Double, _ expected: String) {
  #expect(text { FloatText.write(value, to: $0) } == expected)
}

@Test func floatsHaveTheirOwnDigits() {
  #expect(text { FloatText.write(Float(0.1), to: $0) } == "0.1")
  #expect(text { FloatText.write(Float(16_777_216), to: $0) } == "1.6777216E7")
}

@Test(arguments: [
  "0", "-0.0", "1.50", "1e5", "1E-7", "123456789012345678", "0.1", "1e400", "-1e-400", "2.2250738585072014e-308",
  "9007199254740993", "1e22", "1e23", "00012.5",
])
func doublesAreReadAsTheStandardLibraryReadsThem(_ number: String) {
  let expected = number == "1e400" ? Double.infinity : number == "-1e-400" ? -0.0 : Double(number)!
  #expect(parse(number) { FloatText.parse($0) }.bitPattern == expected.bitPattern)
}

@Test(arguments: [0, 9, 10, 99, 100, 12345, 331_097_593, .max, .min, -1] as [Int64])
func integersAreWritten(_ value: Int64) {
  #expect(text { IntegerText.write(value, to: $0) } == String(value))
}

@Test func integersAreWrittenWhereThereIsRoom() {
  var values: [Int64] = [0, .min, .max]
  // Around every number of digits, and numbers with zeros inside.
  for digits in 1...18 {
    let power = (0..<digits).reduce(Int64(1)) { power, _ in power * 10 }
    values += [power - 1, power, power + 1, power / 9, power / 10 * 3 + 7].flatMap { [$0, -$0] }
  }
  for value in values {
    #expect(text { IntegerText.write(value, toRoom: $0) } == String(value))
  }
}

/// Between 10⁻³ and 10⁷ Swift's own text has the same form.
@Test func measurementsAreWrittenWithTheirShortestDigits() {
  var random = SystemRandomNumberGenerator()
  var values: [Double] = [
    0.001, 0.1, 0.3, 1, 2.675, 100, 123.456, 1e6, 9_999_999.9, 9_999_999.999999, 1 / 3, 0.1 + 0.2,
  ]
  for _ in 0..<20_000 {
    let power = (0..<Int.random(in: 0...8, using: &random)).reduce(1.0) { power, _ in power * 10 }
    values.append(Double(Int.random(in: 1...99_999_999, using: &random)) / power)
    values.append(Double.random(in: 0.001..<10_000_000, using: &random))
  }
  for value in values where value >= 0.001 && value < 10_000_000 {
    for number in [value, value.nextUp, -value] where number.magnitude < 10_000_000 {
      #expect(text { FloatText.write(number, to: $0) } == number.description)
    }
  }
}

/// Every day of some years, all forms that programs write, and what is nearly one.
@Test func wholeTimestampsAreRead() {
  let good: [(String, Int64)] = [
    ("1970-01-01T00:00:00Z", 0), ("1970-01-01 00:00:00", 0), ("1970-01-01T00:00:01.5", 1_500_000),
    ("1970-01-01T00:00:00.123456789Z", 123_456), ("2000-02-29T23:59:59.999999Z", 951_868_799_999_999),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000_000), ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
    ("1970-01-01T00:00:00.", 0),
  ]
  for (written, expected) in good { #expect(parse(written, TimeText.parseTimestamp) == expected, "\(written)") }
  for written in [
    "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z",
    "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2023-04-31T00:00:00Z", "1970-01-01T24:00:00Z",
    "1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z", "1970-01-01T00:00:0xZ", "1970-01-01T00:00:00Zx",
    "1970-01-01T00:00:00.12x",
  ] {
    #expect(parse(written, TimeText.parseTimestamp) == nil, "\(written)")
  }
  for day in Int32(-100_000)...100_000 {
    let written = text { TimeText.write(timestamp: Int64(day) * 86_400_000_000, to: $0) }
    #expect(parse(written, TimeText.parseTimestamp) == Int64(day) * 86_400_000_000)
  }
}

@Test func blocksFindEachByteAtEachPlace() {
  for byte in UInt8.min...UInt8.max {
    for place in 0..<TextBlock.count {
      var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: TextBlock.count)
      bytes[place] = byte
      let block = bytes.withUnsafeBufferPointer { TextBlock($0.baseAddress!) }
      let isSpecial = byte < 32 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
      let isTagSpecial = byte <= 32 || ",=\\".utf8.contains(byte)
      #expect(block.specials.first == (isSpecial ? place : TextBlock.count))
      #expect(block.specialsAndNonASCII.first == (isSpecial || byte >= 128 ? place : TextBlock.count))
      #expect(block.tagSpecials.first == (isTagSpecial ? place : TextBlock.count))
      #expect(block.isASCII == (byte < 128))
    }
  }
}

@Test func textIsSearchedForMarksUpToItsEnd() {
  for count in 0...40 {
    for place in 0..<count + 20 {
      var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 80)
      bytes[place] = UInt8(ascii: "\\")
      bytes.withUnsafeBufferPointer { bytes in
        #expect(TextBlock.hasSpecials(bytes.baseAddress!, count) == (place < count))
        #expect(TextBlock.hasTagSpecials(bytes.baseAddress!, count) == (place < count))
      }
    }
  }
}

@Test func blocksCompareTheFirstBytes() {
  let text = Array("abcdefghijklmnop".utf8)
  for place in 0..<TextBlock.count {
    var other = text
    other[place] = 0
    let differences = text.withUnsafeBufferPointer { text in
      other.withUnsafeBufferPointer { TextBlock(text.baseAddress!).differences(from: TextBlock($0.baseAddress!)) }
    }
    for count in 1...TextBlock.count { #expect(differences.isEmpty(upTo: count) == (count <= place)) }
  }
}

@Test(
  arguments: [
    ("1.005", 5, 2, 101), ("1.004", 5, 2, 100), ("12345.6", 5, 2, nil), ("1.5", 5, 2, 150), ("-1.005", 5, 2, -101),
    ("999.994", 5, 2, 99999), ("999.995", 5, 2, nil), ("0.004", 5, 2, 0), ("0.005", 5, 2, 1), ("1e2", 5, 2, 10000),
    ("1E-2", 5, 2, 1), ("123e-5", 5, 2, 0), ("5e-3", 5, 2, 1), ("0", 1, 0, 0), ("", 5, 2, nil), ("x", 5, 2, nil),
    ("1.2.3", 5, 2, nil),
    ("000001.5", 2, 1, 15), ("0e99", 3, 0, 0), ("+7", 3, 0, 7), (".5", 3, 1, 5), ("5.", 3, 1, 50), ("-", 3, 0, nil),
  ] as [(String, Int, Int, Int128?)])
func decimalsRoundHalfUp(_ number: String, _ precision: Int, _ scale: Int, _ expected: Int128?) {
  #expect(parse(number) { DecimalText.parse($0, precision: precision, scale: scale) } == expected)
}

@Test(
  arguments: [(12345, 2, "123.45"), (-5, 3, "-0.005"), (110, 2, "1.10"), (7, 0, "7"), (0, 2, "0.00")]
    as [(Int128, Int, String)])
func decimalsKeepTheirScale(_ unscaled: Int128, _ scale: Int, _ expected: String) {
  #expect(text { DecimalText.write(unscaled, scale: scale, to: $0) } == expected)
}

@Test(
  arguments: [
    ("2020-01-02", 18263), ("2020-1-2", 18263), ("2020-01-02T03:04:05Z", 18263), ("2020-01-02 x", 18263),
    ("2020", 18262),
    ("2020-01", 18262), (" 1970-01-01 ", 0), ("1969-12-31", -1), ("2020-02-30", nil), ("2020-13-01", nil), ("x", nil),
    ("18263", 5_950_896), ("2020-01-02x", nil), ("2020-01-", nil), ("", nil), ("-0001-01-01", -719_893),
    ("2020-02-29", 18321), ("2021-02-29", nil),
  ] as [(String, Int32?)])
func datesFollowSpark(_ date: String, _ expected: Int32?) {
  #expect(parse(date) { TimeText.parseDate($0) } == expected)
}

@Test(
  arguments: [
    ("2020-01-02T03:04:05.123Z", 1_577_934_245_123_000), ("1962-12-20T21:26:52.824Z", -221_884_387_176_000),
    ("2020-01-02 03:04:05", 1_577_934_245_000_000), ("2020-01-02T03:04:05+05:30", 1_577_914_445_000_000),
    ("2020-01-02", 1_577_923_200_000_000), ("2020-01-02 03:04", 1_577_934_240_000_000), ("1577934245", nil),
    ("2020-01-02T03:04:05.1234567", 1_577_934_245_123_456), ("2020-01-02T03:04:05 UTC", 1_577_934_245_000_000),
    ("2020-01-02T03:04:05GMT-1", 1_577_937_845_000_000), ("2020-01-02T03:04:05+0530", 1_577_914_445_000_000),
    ("2020-01-02T03", 1_577_934_000_000_000), ("2020-01-02T03:04Z", nil), ("2020-01-02T24:00:00", nil),
    ("2020-01-02T03:60:00", nil), ("2020-01T03:04", nil),
    ("2020-01-02T03:04:05 ", 1_577_934_245_000_000), ("x", nil),
  ] as [(String, Int64?)])
func timestampsFollowSpark(_ timestamp: String, _ expected: Int64?) {
  #expect(parse(timestamp) { TimeText.parseTimestamp($0) } == expected)
}

@Test(
  arguments: [
    ("aGk=", [104, 105]), ("", []), ("aGk", nil), ("hi", nil), ("AAEC", [0, 1, 2]), ("/w==", [255]), ("a=b=", nil),
    ("aGk=aGk=", [104, 105, 104, 105]), ("a GkA", nil), (" aGkA\n/w==", [104, 105, 0, 255]),
  ] as [(String, [UInt8]?)])
func base64IsDecoded(_ encoded: String, _ expected: [UInt8]?) {
  #expect(parse(encoded) { Base64.decode($0) } == expected)
}

@Test func rowsBecomeTextAndJSON() {
  let type = DataType.struct(
    Schema([
      .init("a \"b\"", .array(.integer)), .init("m", .map(key: .string, value: .double)), .init("t", .timestamp),
      .init("d", .date), .init("x", .binary), .init("n", .null), .init("s", .string), .init("f", .double),
    ]))
  let column = Column(
    type,
    [
      .struct([
        .array([.integer(1), .null, .integer(2)]), .map([.init(.string("a"), .double(1))]),
        .timestamp(1_577_934_245_500_000),
        .date(18263), .binary([104, 105]), .null, .string("q\"\\\n\u{1}é"), .double(.nan),
      ])
    ])
  #expect(
    column.text(0) == "{[1, null, 2], {a -> 1.0}, 2020-01-02 03:04:05.5, 2020-01-02, hi, null, q\"\\\n\u{1}é, NaN}")
  var json: [UInt8] = []
  column.appendJSON(0, to: &json)
  #expect(
    String(decoding: json, as: UTF8.self)
      == #"{"a \"b\"":[1,null,2],"m":{"a":1.0},"t":"2020-01-02T03:04:05.500Z","d":"2020-01-02","x":"aGk=","n":null,"s":"q\"\\\n\u0001é","f":"NaN"}"#
  )
  json = []
  column.appendJSON(0, keepsNulls: false, to: &json)
  #expect(!String(decoding: json, as: UTF8.self).contains("\"n\""))
}
