import Testing

@testable import MillBase

@Suite struct BackoffTests {
  @Test func boundsDoubleUpToTheMaximum() {
    var backoff = Backoff(first: .milliseconds(100), max: .seconds(1))
    for bound in [100, 200, 400, 800, 1000, 1000] {
      #expect(backoff.bound == .milliseconds(bound))
      #expect((Duration.zero ... .milliseconds(bound)).contains(backoff.next()))
    }
    for _ in 0..<1000 { _ = backoff.next() }
    #expect(backoff.next(atLeast: .seconds(9)) == .seconds(9))
    backoff.succeeded()
    #expect(backoff.bound == .milliseconds(100))
  }

  @Test func jitterSpreads() {
    let pauses = (0..<50).map { _ in
      var backoff = Backoff(first: .seconds(1))
      return backoff.next()
    }
    #expect(Set(pauses).count > 10)
  }

  @Test(arguments: [
    ("0", 0), ("120", 120_000), ("99999999999", 3_600_000), ("99999999999999999999999", 3_600_000),
    ("Sun, 06 Nov 1994 08:49:47 GMT", 10_000), ("Sunday, 06-Nov-94 08:49:47 GMT", 10_000),
    ("Sun Nov  6 08:49:47 1994", 10_000), ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
    ("Tue, 08 Nov 1994 08:49:37 GMT", 3_600_000),
    ("", nil), ("soon", nil), ("-1", nil), ("1.5", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
    ("Sun, 06 Nov 1994", nil),
    ("Sun, 06 Nov 1994 08:61:37 GMT", nil),
  ])
  func retryAfter(text: String, milliseconds: Int?) {
    let response = HTTPResponse(status: 503, headers: ["retry-after": text])
    // 1994-11-06T08:49:37Z
    let wait = RetryAfter.wait(response, now: 784_111_777_000)
    #expect(wait == milliseconds.map { .milliseconds($0) })
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func sha256(text: String, hex: String) { #expect(SHA256.hex(Array(text.utf8)) == hex) }

  @Test(arguments: [55, 56, 57, 63, 64, 65, 119, 120, 128, 1_000_000])
  func sha256LikeTheCommand(count: Int) {
    let expected = shell("head -c \(count) /dev/zero | tr '\\0' a | sha256sum").prefix(64)
    #expect(SHA256.hex([UInt8](repeating: UInt8(ascii: "a"), count: count)) == expected)
  }
}
