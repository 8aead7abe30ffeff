import Testing

@testable import MillBase

@Suite struct AddressTests {
  @Test(arguments: [
    ("127.0.0.1:9092", "127.0.0.1", 9092), ("localhost:0", "localhost", 0), (":8086", "127.0.0.1", 8086),
    ("3000", "127.0.0.1", 3000), ("[::1]:65535", "::1", 65535), ("0.0.0.0:1", "0.0.0.0", 1),
  ])
  func reads(text: String, host: String, port: UInt16) throws {
    let address = try Address(text)
    #expect(address == Address(host: host, port: port))
    #expect(try Address("\(address)") == address)
  }

  @Test(arguments: [
    "", ":", "host", "host:", "host:65536", "host:-1", "host:+1", "host:x", "::1", "::1:80", "[::1]", "[]:80",
    "http://h:80", "a b:80", "u@h:80", "h:80/", "h: 80",
  ])
  func refuses(text: String) {
    let error = #expect(throws: MillError.self) { try Address(text) }
    #expect(error?.code == .configuration)
  }

  @Test(arguments: [
    ("localhost", true), ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("0.0.0.0", false), ("::", false),
    ("127.evil.com", false), ("192.168.0.1", false), ("", false),
  ])
  func loopback(host: String, isLoopback: Bool) {
    let address = Address(host: host, port: 1)
    #expect(address.isLoopback == isLoopback)
    #expect(((try? address.requireLoopback(of: "the page")) != nil) == isLoopback)
  }
}

@Suite struct ClockTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (1_709_251_199_123, "2024-02-29T23:59:59.123Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
  ])
  func iso8601(milliseconds: Int64, text: String) { #expect(Clock.iso8601(milliseconds: milliseconds) == text) }

  /// Every day of four centuries, counted on by the calendar's rules.
  @Test func civilDates() {
    var (year, month, day) = (Int64(1799), Int64(1), Int64(1))
    let first = Clock.daysSinceEpoch(year: 1799, month: 1, day: 1)
    for number in first..<first + 150_000 {
      let date = Clock.civilDate(daysSinceEpoch: number)
      guard date == (year, month, day), Clock.daysSinceEpoch(year: year, month: month, day: day) == number else {
        Issue.record("day \(number) is \(year)-\(month)-\(day), not \(date)")
        return
      }
      let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
      let length: Int64 = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(month - 1)]
      day += 1
      if day > length { (day, month) = (1, month + 1) }
      if month > 12 { (month, year) = (1, year + 1) }
    }
    #expect(Clock.daysSinceEpoch(year: 1970, month: 1, day: 1) == 0)
  }

  @Test func clocksGoOn() {
    let steady = Clock.steadyNanoseconds()
    #expect(Clock.nowMilliseconds() > 1_700_000_000_000)
    #expect(Clock.nowNanoseconds() / 1_000_000_000 >= Clock.nowMilliseconds() / 1000 - 1)
    #expect(Clock.steadyNanoseconds() >= steady)
  }
}

@Suite struct SecretsTests {
  @Test func redactsEverywhere() {
    Secrets.register("s3cret/with space")
    Secrets.register("s3cret")
    Secrets.register("abc")
    #expect(Secrets.redact("a s3cret/with space b s3cret abc") == "a *** b *** abc")
    #expect(Secrets.redact("?token=s3cret%2Fwith%20space") == "?token=***")
    #expect("\(MillError(.refused, "token s3cret is wrong", at: .init(key: "s3cret")))" == "***: token *** is wrong")
  }
}

@Suite struct PercentEncodingTests {
  @Test(arguments: [("a b+c/é%", "a%20b%2Bc%2F%C3%A9%25"), ("AZaz09-._~", "AZaz09-._~"), ("", "")])
  func encodes(text: String, encoded: String) {
    #expect(PercentEncoding.encode(text) == encoded)
    #expect(PercentEncoding.decode(encoded) == text)
  }

  @Test func encodesQueries() {
    #expect(PercentEncoding.encode(query: [("q", "a&b=c"), ("x y", "")]) == "q=a%26b%3Dc&x%20y=")
    #expect(PercentEncoding.decode("a+b%FF%4", plusIsSpace: true) == "a b\u{FFFD}%4")
  }
}
