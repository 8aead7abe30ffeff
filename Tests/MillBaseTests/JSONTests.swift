import Testing

@testable import MillBase

@Suite struct JSONTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
    "123456789012345678901234567890", "1.5", "-0.001", "1e+16", "5e-324", "1.7976931348623157e+308", "\"\"", "\"é 😀\"",
    #""\"\\\n\r\t\u0000\u001f/""#, "[]", "{}", "[1,[2,[3,[]]],{}]", #"{"b":1,"a":{"c":[null,true,"x"]}}"#,
  ])
  func compactTextComesBack(text: String) throws {
    #expect(try JSONValue(parsing: text).text() == text)
  }

  @Test(arguments: [
    (" [ 1 ,\t2\r\n] ", "[1,2]"), (#""\u0041\/\b\f""#, "\"A/\\u0008\\u000c\""), (#""\ud83d\ude00""#, "\"😀\""),
    (#""\ud83d""#, "\"\u{FFFD}\""), (#""\ud83dA""#, "\"\u{FFFD}A\""), (#""\ude00""#, "\"\u{FFFD}\""),
    ("1.0", "1"), ("1E3", "1000"), ("100000000000000000000.0", "1e+20"), (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#),
  ])
  func otherFormsAreRead(text: String, compact: String) throws {
    #expect(try JSONValue(parsing: text).text() == compact)
  }

  @Test(arguments: [
    "", " ", "nul", "truex", "tru", "01", "-", "1.", ".5", "1e", "1e+", "+1", "0x1", "NaN", "Infinity", "'a'", "\"a",
    "\"\\", "\"\\u12", "\"\\u12g4\"", "\"\\x\"", "\"\n\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{\"a\"",
    "{\"a\":",
    "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:2}", "{\"a\" 1}", "[]]", "{}{}", "1 2", "]", "}", ":", ",",
    "\u{FEFF}1",
    "<html>", "// x\n1", "/* */1",
  ])
  func malformedIsRefused(text: String) {
    let error = #expect(throws: MillError.self) { try JSONValue(parsing: text, file: "f.json") }
    #expect(error?.code == .badInput)
    #expect(error?.place?.file == "f.json" && error?.place?.line != nil)
  }

  @Test func errorsNameLineAndColumn() {
    let error = #expect(throws: MillError.self) {
      try JSONValue(parsing: "{\n  \"a\": 1,\n  \"b\": x\n}", file: "p.json")
    }
    #expect("\(error!)" == "p.json:3:8: not JSON: unexpected character")
    let cut = #expect(throws: MillError.self) { try JSONValue(parsing: "[1,\n2") }
    #expect("\(cut!)".hasPrefix("line 2:2: the JSON text ends too early"))
  }

  @Test(
    arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0xFF], [0x00]] as [[UInt8]])
  func textThatIsNotUTF8IsRefused(bytes: [UInt8]) {
    #expect(throws: MillError.self) { try JSONValue(parsing: bytes) }
  }

  /// On a worker's thread, whose stack is smaller than the main thread's.
  @Test(arguments: [("[", "[]", "]"), ("{\"a\":", "{}", "}")])
  func depthAtAndPastTheLimit(open: String, inner: String, close: String) {
    let text = Monitor<[String?]>([])
    onThreads(1) { _ in
      for depth in [JSONValue.depthMax, JSONValue.depthMax + 1, 1_000_000] {
        let nested = String(repeating: open, count: depth - 1) + inner + String(repeating: close, count: depth - 1)
        let read = try? JSONValue(parsing: nested).text()
        text.withLock { $0.append(read == nested ? "same" : read) }
      }
    }
    #expect(text.withLock { $0 } == ["same", nil, nil])
  }

  /// Random documents come back whole; random damage gives a value or an error, never a crash.
  @Test func randomDocuments() throws {
    var random = SeededGenerator(seed: 42)
    for _ in 0..<300 {
      let value = Self.randomValue(depth: 0, &random)
      let bytes = value.bytes()
      let again = try JSONValue(parsing: bytes)
      #expect(again == value)
      #expect(again.bytes() == bytes)
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) where !damaged.isEmpty {
        let index = Int.random(in: damaged.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: damaged[index] = UInt8.random(in: 0...255, using: &random)
        case 1: damaged.remove(at: index)
        default: damaged.removeLast(damaged.count - index)
        }
      }
      if let read = try? JSONValue(parsing: damaged) {
        #expect(try JSONValue(parsing: read.bytes()).bytes() == read.bytes())
      }
    }
  }

  private static func randomValue(depth: Int, _ random: inout SeededGenerator) -> JSONValue {
    func text(_ random: inout SeededGenerator) -> String {
      let letters: [Character] = [
        "a", "\"", "\\", "\n", "\u{0}", "é", "\u{301}", "я", "ن", "अ", "😀", "/", "\u{7F}", "\u{2028}",
      ]
      return String((0..<Int.random(in: 0..<8, using: &random)).map { _ in letters.randomElement(using: &random)! })
    }
    switch Int.random(in: 0..<(depth > 4 ? 6 : 8), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
    case 3: return .double(Double.random(in: -1...1, using: &random) + 0.000123)
    case 4: return .bigInteger("98765432109876543210")
    case 5: return .string(text(&random))
    case 6:
      return .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in randomValue(depth: depth + 1, &random) })
    default:
      return .object(
        .init(
          (0..<Int.random(in: 0..<5, using: &random)).map { _ in (text(&random), randomValue(depth: depth + 1, &random))
          }))
    }
  }

  @Test func keysDifferByBytes() throws {
    let value = try JSONValue(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}")
    #expect(value.object?.count == 2)
    #expect(value["\u{E9}"] == 1 && value["e\u{301}"] == 2)
  }

  @Test func canonicalFormForgetsOrderAndSpace() throws {
    let a = try JSONValue(parsing: #"{"b": [1, {"y": 1, "x": 2}], "a": null}"#)
    let b = try JSONValue(parsing: #"{"a":null,"b":[1,{"x":2,"y":1}]}"#)
    #expect(a.canonicalBytes() == b.canonicalBytes())
    #expect(a.bytes() != b.bytes())
    #expect(try JSONValue(parsing: #"{"a":null,"b":[{"x":2,"y":1},1]}"#).canonicalBytes() != a.canonicalBytes())
  }

  @Test func looksInside() throws {
    let value = try JSONValue(parsing: #"{"a":[1,2.5,"x",true],"n":null,"big":12345678901234567890}"#)
    #expect(value["a"]?[0]?.integer == 1 && value["a"]?[1]?.double == 2.5 && value["a"]?[2]?.string == "x")
    #expect(value["a"]?[3]?.bool == true && value["a"]?[4] == nil && value["x"] == nil && value["n"]?.isNull == true)
    #expect(value["a"]?[1]?.integer == nil && value["big"]?.double == 12_345_678_901_234_567_168)
    var object = value.object!
    object["a"] = nil
    object["z"] = 1
    #expect(object.map(\.key) == ["n", "big", "z"])
  }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
