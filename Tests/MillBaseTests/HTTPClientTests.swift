import Synchronization
import Testing

@testable import MillBase

@Suite struct HTTPClientTests {
  private func client(_ change: (inout HTTPClient.Options) -> Void = { _ in }) -> HTTPClient {
    var options = HTTPClient.Options()
    change(&options)
    return HTTPClient(options: options)
  }

  /// A server double that says the text and closes.
  private func withPeerDouble(_ answer: String, _ body: (_ base: String) throws -> Void) throws {
    let socket = try ListeningSocket(Address("127.0.0.1:0"))
    let peer = Worker("peer-double") { stop in peerDouble(socket, answer, stop) }
    try body("http://127.0.0.1:\(socket.port)")
    peer.stop()
    peer.join()
    socket.close()
  }

  @Test func bodyLimitAtAndPastTheLimit() throws {
    try withServer({ request in .text(String(repeating: "x", count: Int(request.parameter("n")!)!)) }) { base, _ in
      let sender = client { $0.bodyLimit = 5000 }
      let whole = try sender.send(HTTPRequest("GET", "\(base)/?n=5000"))
      #expect(whole.body.count == 5000)
      for count in [5001, 50_000_000] {
        let error = #expect(throws: MillError.self) { try sender.send(HTTPRequest("GET", "\(base)/?n=\(count)")) }
        #expect(error?.code == .limit)
        #expect("\(error!)".contains("n=***"))
      }
      let after = try sender.send(HTTPRequest("GET", "\(base)/?n=1"))
      #expect(after.body.count == 1)
    }
  }

  @Test func packsRequestsAndUnpacksAnswers() throws {
    let text = String(repeating: "abc ", count: 1000)
    try withServer({ request in
      HTTPResponse(
        status: 200, headers: ["Content-Type": "text/plain", "X-Length": "\(request.body.count)"], body: request.body)
    }) { base, _ in
      let response = try client { $0.gzipRequests = true }.send(HTTPRequest("POST", base, body: Array(text.utf8)))
      #expect(response.body == Array(text.utf8))
      #expect(response.headers["Content-Encoding"] == nil)
      #expect(response.headers["X-Length"] == "4000")
    }
  }

  @Test func redirects() throws {
    try withServer({ request in
      let left = Int(request.parameter("left")!)!
      if left == 0 { return HTTPResponse(status: 200, headers: ["X-Last": "yes"], body: Array(request.method.utf8)) }
      return HTTPResponse(status: 307, headers: ["Location": "/?left=\(left - 1)", "X-First": "yes"])
    }) { base, _ in
      let bare = try client().send(HTTPRequest("GET", "\(base)/?left=1"))
      #expect(bare.status == 307 && bare.headers["Location"] == "/?left=0")
      let followed = try client { $0.redirectsMax = 3 }.send(HTTPRequest("PUT", "\(base)/?left=3", body: [1]))
      #expect(followed.status == 200 && followed.body == Array("PUT".utf8))
      #expect(followed.headers["X-Last"] == "yes" && followed.headers["X-First"] == nil)
      let error = #expect(throws: MillError.self) {
        try client { $0.redirectsMax = 3 }.send(HTTPRequest("GET", "\(base)/?left=4"))
      }
      #expect(error?.isRetriable == false)
    }
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", MillError.Code.unreachable),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", .unreachable),
    ("", .unreachable), ("SSH-2.0-x\r\n", .unreachable),
    ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain", .badInput),
  ])
  func brokenAnswersAreRetriableErrors(answer: String, code: MillError.Code) throws {
    try withPeerDouble(answer) { base in
      let error = #expect(throws: MillError.self) {
        try client().send(HTTPRequest("GET", "\(base)/?token=sesame"))
      }
      #expect(error?.code == code, "\(error!)")
      #expect(error?.isRetriable == true)
      #expect(!"\(error!)".contains("sesame"))
    }
  }

  @Test func silenceTimesOut() throws {
    let proceed = Signal()
    try withServer({ _ in
      proceed.wait(.seconds(30))
      return .text("late")
    }) { base, _ in
      let error = #expect(throws: MillError.self) {
        try client { $0.timeout = .milliseconds(200) }.send(HTTPRequest("GET", base))
      }
      #expect(error?.code == .unreachable && error?.isRetriable == true)
      proceed.set()
    }
  }

  @Test func aSilentPeerDoesNotHoldUpStopping() throws {
    let proceed = Signal()
    try withServer({ _ in
      proceed.wait(.seconds(30))
      return .text("late")
    }) { base, _ in
      let stop = Signal()
      let error = Monitor<MillError?>(nil)
      let worker = Worker("client") { _ in
        do { _ = try HTTPClient().send(HTTPRequest("GET", base), stop: stop) } catch let thrown {
          error.withLock { $0 = thrown as? MillError }
        }
      }
      stop.set()
      worker.join()
      #expect(error.withLock { $0?.code } == .stopped)
      proceed.set()
    }
  }

  @Test func refusedConnectionIsRetriable() throws {
    let free = try ListeningSocket(Address("127.0.0.1:0"))
    free.close()
    let error = #expect(throws: MillError.self) {
      try client().send(HTTPRequest("GET", "http://me:secret@127.0.0.1:\(free.port)/api?key=abc"))
    }
    #expect(error?.code == .unreachable && error?.isRetriable == true)
    #expect("\(error!)".hasPrefix("http://127.0.0.1:\(free.port)/api?key=***: "), "\(error!)")
  }

  @Test(arguments: ["ftp://x/", "http://", "://", "http://a b/"])
  func notAURL(url: String) throws {
    let error = #expect(throws: MillError.self) { try client().send(HTTPRequest("GET", url)) }
    #expect(error?.code == .configuration, "\(error!)")
  }

  @Test func headersCannotBeSmuggledIn() throws {
    let error = #expect(throws: MillError.self) {
      try client().send(HTTPRequest("GET", "http://127.0.0.1:1/", headers: ["A": "b\r\nEvil: yes"]))
    }
    #expect(error?.code == .configuration)
  }

  @Test func sendsWhatWasSaidAndLittleElse() throws {
    try withServer({ request in
      .json(.array(request.headers.map { .string("\($0.name): \($0.value)") }))
    }) { base, _ in
      let request = HTTPRequest("POST", base, headers: ["A": "1", "Empty": ""], body: Array("x".utf8))
      let sent = try JSONValue(parsing: client().send(request).body).array!.compactMap(\.string)
      #expect(
        sent.filter { !$0.hasPrefix("Host") && !$0.hasPrefix("Accept") && !$0.hasPrefix("Content-Length") } == [
          "User-Agent: millrace", "A: 1", "Empty: ",
        ])
    }
  }

  @Test func connectionsAreReused() throws {
    // One connection is all that the server takes.
    var limits = HTTPServer.Limits()
    limits.connections = 1
    try withServer(limits: limits, { _ in .text("x") }) { base, _ in
      let sender = client { $0.timeout = .seconds(10) }
      for _ in 0..<5 {
        let response = try sender.send(HTTPRequest("GET", base))
        #expect(response.status == 200)
      }
    }
  }

  @Test(arguments: [
    ("http://u:p@h:1/a/b?x=1&y#z", "http://h:1/a/b?x=***&***"), ("http://h/a@b", "http://h/a@b"),
    ("h/path?k=v=w", "h/path?k=***"), ("https://u@h?t=1", "https://h?t=***"), ("", ""),
  ])
  func redacts(url: String, shown: String) { #expect(HTTPClient.redacted(url) == shown) }
}
