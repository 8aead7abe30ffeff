import Testing

@testable import MillStore

@Suite struct LineParserTests {
  private func parse(_ body: String, _ precision: TimestampPrecision = .nanoseconds, now: Int64 = 1_234_567_890_123)
    -> ParsedPoints
  {
    LineParser.parse(Array(body.utf8), precision: precision, now: now)
  }

  /// `key fields time` of each point, fields as `name:type:value`.
  private func describe(_ parsed: ParsedPoints) -> [String] {
    parsed.points.map { point in
      func text(_ start: Int, _ count: Int) -> String {
        String(decoding: parsed.bytes[start..<(start + count)], as: UTF8.self)
      }
      let fields = parsed.fields[point.fieldsStart..<(point.fieldsStart + point.fieldsCount)].map { field in
        let value =
          switch field.type {
          case .float: "\(Double(bitPattern: field.bits))"
          case .string: text(field.stringStart, field.stringCount)
          default: "\(Int64(bitPattern: field.bits))"
          }
        return "\(text(field.keyStart, field.keyCount)):\(field.type.name):\(value)"
      }
      return "\(text(point.keyStart, point.keyCount)) \(fields.joined(separator: " ")) \(point.time)"
    }
  }

  @Test(arguments: [
    ("m f=1 5", "m f:float:1.0 5"), ("m,b=2,a=1 f=1 5", "m,a=1,b=2 f:float:1.0 5"),
    ("m f=1i,g=t 5", "m f:integer:1 g:boolean:1 5"),
    (#"m f="a,b c=d" 5"#, "m f:string:a,b c=d 5"), (#"m f="a \"q\" \\" 5"#, #"m f:string:a \"q\" \\ 5"#),
    ("m f=\"a\nb\" 5", "m f:string:a\nb 5"),
    (#"a\ b\,c,t\=k=v\ v f\,g=-1.5e3 -7"#, #"a\ b\,c,t\=k=v\ v f\,g:float:-1500.0 -7"#),
    ("  m   f=1   5  ", "m f:float:1.0 5"),
    (
      "m f=9223372036854775807i,g=-9223372036854775808i 5",
      "m f:integer:9223372036854775807 g:integer:-9223372036854775808 5"
    ),
    ("m f=7u 5", "m f:unsigned:7 5"), ("m f=FALSE,g=True 5", "m f:boolean:0 g:boolean:1 5"),
    ("m f=.5,g=5.,h=0.1 5", "m f:float:0.5 g:float:5.0 h:float:0.1 5"),
    ("m f=0.30000000000000004,g=1e-320 5", "m f:float:0.30000000000000004 g:float:1e-320 5"),
    ("m=x f=1 5", "m=x f:float:1.0 5"),
    ("# comment\n\n \t\n  # another\nm f=1 5\n", "m f:float:1.0 5"),
    ("m time=1,f=2 5", "m time:float:1.0 f:float:2.0 5"),
  ])
  func accepts(body: String, point: String) {
    let parsed = parse(body)
    #expect(describe(parsed) == [point])
    #expect(parsed.rejected.isEmpty)
  }

  @Test(arguments: [
    ("ns", 1_234_567_890_123), ("u", 1_234_567_890_000), ("ms", 1_234_567_000_000), ("s", 1_234_000_000_000),
    ("m", 1_200_000_000_000), ("h", 0),
  ])
  func cutsTheServersTime(precision: String, time: Int64) throws {
    #expect(parse("m f=1", try #require(TimestampPrecision(name: precision))).points.map(\.time) == [time])
  }

  @Test(arguments: [
    ("m", "missing fields"), (",t=a f=1", "missing measurement"), ("m f=", "missing field value"),
    ("m f=abc", "invalid boolean"),
    ("m f=\"abc", "unbalanced quotes"), ("m f=1 12x", "bad timestamp"), ("m,t= f=1", "missing tag value"),
    ("m, f=1", "missing tag key"),
    ("m,t f=1", "missing tag value"), ("m,t=a=b f=1", "invalid tag format"), ("m,a=1,a=2 f=1", "duplicate tags"),
    ("m,b=1,a=1,b=2 f=1", "duplicate tags"), ("m,t=a", "missing fields"), ("m f=NaN", "invalid number"),
    ("m f=1.2.3", "invalid number"),
    ("m f=1i2", "invalid number"), ("m f=1.5i", "invalid number"), ("m f=-", "invalid number"),
    ("m f=-1u", "invalid number"),
    ("m f=1e999", "invalid float"), ("m f=1,", "invalid field format"), ("m f", "invalid field format"),
    ("m f=1,g", "invalid field format"),
    ("m =1", "missing field key"), ("m f=1,=2", "missing field key"), ("m f=1 5 6", "point is invalid"),
    ("m f=1 5\r", "bad timestamp"),
    ("m f=1\r", "invalid number"),
    (
      "m f=99999999999999999999i",
      "unable to parse integer 99999999999999999999: strconv.ParseInt: parsing \"99999999999999999999\": value out of range"
    ),
    ("m f=1 99999999999999999999", "strconv.ParseInt: parsing \"99999999999999999999\": value out of range"),
    ("m f=1 9223372036854775807", "time outside range -9223372036854775806 - 9223372036854775806"),
  ])
  func rejects(line: String, reason: String) {
    let parsed = parse("good f=1 1\n\(line)\ngood f=2 2")
    #expect(
      parsed.rejected
        == (line.contains("\"abc")
          ? [RejectedLine(line: Array("\(line)\ngood f=2 2".utf8), reason: reason)]
          : [RejectedLine(line: Array(line.utf8), reason: reason)]))
    #expect(parsed.points.count == (line.contains("\"abc") ? 1 : 2))
    #expect(parsed.fields.count == parsed.points.count)
  }

  @Test func limitsKeys() {
    // Key, separator and field name together.
    let most = LineParser.keyLengthMax - 4 - 1
    #expect(parse("\(String(repeating: "k", count: most)) f=1 1").rejected.isEmpty)
    #expect(
      parse("\(String(repeating: "k", count: most + 1)) f=1 1").rejected.map(\.reason) == [
        "max key length exceeded: 65536 > 65535"
      ])
    #expect(
      parse("\(String(repeating: "k", count: 65_536)) f=1 1").rejected.map(\.reason) == [
        "max key length exceeded: 65536 > 65535"
      ])
  }

  @Test func limitsStrings() {
    let most = String(repeating: "s", count: LineParser.stringLengthMax)
    #expect(parse("m f=\"\(most)\" 1").rejected.isEmpty)
    #expect(
      parse("m f=\"\(most)s\" 1").rejected.map(\.reason) == ["string field of 65537 bytes is above the limit of 65536"])
  }

  /// Any bytes whatever end in points and reasons, never in a crash; and every part lies within the buffer.
  @Test func survivesMutations() {
    var generator = SplitMix(state: 42)
    let seed = Array("m\\ x,a=1,b=2 f=1i,g=\"s\\\"t\",h=1.5e3,k=true 1640995200\n# c\nn f=2\n".utf8)
    let alphabet = Array("m,= \\\"\n1ie.-+tfuN#\r\t\0".utf8)
    for _ in 0..<20_000 {
      var bytes = seed
      for _ in 0..<(1 + Int(generator.next() % 6)) {
        let index = Int(generator.next() % UInt64(bytes.count))
        switch generator.next() % 3 {
        case 0: bytes[index] = alphabet[Int(generator.next() % UInt64(alphabet.count))]
        case 1: bytes.remove(at: index)
        default: bytes.insert(alphabet[Int(generator.next() % UInt64(alphabet.count))], at: index)
        }
      }
      let parsed = LineParser.parse(bytes, now: 0)
      for point in parsed.points {
        #expect(point.keyStart + point.keyCount <= parsed.bytes.count && point.measurementCount <= point.keyCount)
        #expect(point.fieldsCount > 0 && point.fieldsStart + point.fieldsCount <= parsed.fields.count)
      }
    }
  }
}

/// The same numbers every time.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
