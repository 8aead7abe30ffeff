import Synchronization
import Testing

@testable import MillBase

@Suite struct HTTPServerTests {
  /// Answers with what arrived, as JSON.
  static let echo: HTTPServer.Handler = { request in
    .json([
      "method": .string(request.method), "path": .string(request.target),
      "query": .array(request.query.map { .array([.string($0.name), .string($0.value)]) }),
      "body": .string(String(decoding: request.body, as: UTF8.self)),
      "test": request.headers["x-test"].map { .string($0) } ?? .null,
    ])
  }

  @Test(arguments: [
    ("/a/b?x=1&y=2", "/a/b", [["x", "1"], ["y", "2"]]),
    ("/a%20b/%C3%A9+", "/a b/é+", []),
    ("/q?b=2&a=1&b=3", "/q", [["b", "2"], ["a", "1"], ["b", "3"]]),
    ("/q?flag&x=&y=a+b%2Bc", "/q", [["flag", ""], ["x", ""], ["y", "a b+c"]]),
    ("/q?q=a=b%26c&&", "/q", [["q", "a=b&c"]]),
    ("/bad%zz%4", "/bad%zz%4", []),
  ])
  func decodesTarget(target: String, path: String, query: [[String]]) throws {
    try withServer(Self.echo) { base, _ in
      let answer = try JSONValue(parsing: HTTPClient().send(HTTPRequest("GET", base + target)).body)
      #expect(answer["path"]?.string == path)
      #expect(answer["query"] == .array(query.map { .array($0.map { .string($0) }) }))
    }
  }

  @Test(arguments: ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
  func carriesMethodAndBody(method: String) throws {
    try withServer(Self.echo) { base, _ in
      for body in ["", "données"] {
        let request = HTTPRequest(method, base + "/", headers: ["X-Test": "yes"], body: Array(body.utf8))
        let response = try HTTPClient().send(request)
        let answer = try JSONValue(parsing: response.body)
        #expect(response.status == 200)
        #expect(answer["method"]?.string == method)
        #expect(answer["body"]?.string == body)
        #expect(answer["test"]?.string == "yes")
      }
    }
  }

  @Test func headIsGetWithoutBody() throws {
    try withServer(Self.echo) { base, _ in
      let response = try HTTPClient().send(HTTPRequest("HEAD", base + "/x"))
      #expect(response.status == 200)
      #expect(response.body.isEmpty)
      #expect(response.headers["content-length"] == "\(Self.echo(HTTPRequest("GET", "/x")).body.count)")
    }
  }

  @Test(arguments: [false, true])
  func bodyLimitHoldsPackedAndUnpacked(isPacked: Bool) throws {
    var limits = HTTPServer.Limits()
    limits.body = 1000
    try withServer(limits: limits, Self.echo) { base, _ in
      var options = HTTPClient.Options()
      options.gzipRequests = isPacked
      let client = HTTPClient(options: options)
      for (count, status) in [(999, 200), (1000, 200), (1001, 413), (3_000_000, 413)] {
        let body = [UInt8](repeating: UInt8(ascii: "a"), count: count)
        let response = try client.send(HTTPRequest("POST", base + "/", body: body))
        #expect(response.status == status, "\(count) bytes")
        if status == 413 { #expect(try JSONValue(parsing: response.body)["error"]?.string?.contains("1000") == true) }
      }
    }
  }

  @Test func refusesBodiesItCannotUnpack() throws {
    try withServer(Self.echo) { base, _ in
      let packed = Gzip.compress(Array("hello hello hello".utf8))
      let cases: [(encoding: String, body: [UInt8], status: Int)] = [
        ("gzip", packed, 200), ("GZIP", packed, 200), ("identity", Array("a".utf8), 200),
        ("gzip", packed.dropLast(4), 400), ("gzip", Array("plain".utf8), 400), ("gzip", [], 400), ("br", packed, 415),
      ]
      for (encoding, body, status) in cases {
        let request = HTTPRequest("POST", base + "/", headers: ["Content-Encoding": encoding], body: body)
        let response = try HTTPClient().send(request)
        #expect(response.status == status, "\(encoding) \(body.count)")
      }
    }
  }

  @Test(arguments: [
    ("application/json", 1024, "gzip", false), ("application/json", 1025, "gzip", true),
    ("text/csv", 2000, "deflate, gzip;q=0.5", true), ("text/html", 2000, "*", true),
    ("text/html", 2000, "gzip;q=0", false), ("text/html", 2000, "br", false), ("image/png", 2000, "gzip", false),
  ])
  func packsAnswersThatGain(type: String, count: Int, accept: String, isPacked: Bool) throws {
    try withServer({ _ in .text(String(repeating: "x", count: count), type: type) }) { base, _ in
      // The bare answer: libcurl would unpack it.
      let headers = shell("curl -s -o /dev/null -D - -H 'Accept-Encoding: \(accept)' \(base)/")
      #expect(headers.lowercased().contains("content-encoding: gzip") == isPacked)
      let body = shell("curl -s --compressed -H 'Accept-Encoding: \(accept)' \(base)/")
      #expect(body == String(repeating: "x", count: count))
    }
  }

  @Test func keepsResponseHeadersInOrder() throws {
    try withServer({ _ in
      var headers: HTTPHeaders = ["X-One": "1", "Retry-After": "7"]
      headers.add("X-One", "2")
      return HTTPResponse(status: 503, headers: headers)
    }) { base, _ in
      let response = try HTTPClient().send(HTTPRequest("GET", base))
      #expect(response.status == 503)
      #expect(response.headers.filter { $0.name == "X-One" }.map(\.value) == ["1", "2"])
      #expect(response.headers["retry-after"] == "7")
    }
  }

  @Test func curlIsAClient() throws {
    try withServer(Self.echo) { base, _ in
      #expect(shell("curl -s -w '%{http_code}' -X POST -d 'a=1' '\(base)/w?db=x%20y'").hasSuffix("}200"))
      // curl asks with "Expect: 100-continue" above 1 MiB.
      let big = shell("head -c 3000000 /dev/zero | tr '\\0' a | curl -s --data-binary @- '\(base)/' | wc -c")
      #expect(Int(big.filter(\.isNumber)).map { $0 > 3_000_000 } == true)
      #expect(shell("curl -s -I '\(base)/'").hasPrefix("HTTP/1.1 200"))
      let chunked = shell("echo hello | curl -s -H 'Transfer-Encoding: chunked' --data-binary @- '\(base)/'")
      #expect(chunked.contains("hello\\n"))
      let twice = shell("curl -s -v '\(base)/1' '\(base)/2' 2>&1")
      #expect(twice.contains("Re-using existing connection"))
    }
  }

  @Test func refusesLargeUploadBeforeItIsSent() throws {
    var limits = HTTPServer.Limits()
    limits.body = 10
    try withServer(limits: limits, Self.echo) { base, _ in
      let code = shell(
        "head -c 3000000 /dev/zero | curl -s -o /dev/null -w '%{http_code} %{size_upload}' --data-binary @- '\(base)/'")
      #expect(code == "413 0")
    }
  }

  @Test func answersManyAtOnce() throws {
    try withServer(threads: 2, Self.echo) { base, _ in
      let client = HTTPClient()
      let right = Atomic(0)
      onThreads(50) { index in
        for turn in 0..<4 {
          let body = Array("\(index)-\(turn)".utf8)
          guard let response = try? client.send(HTTPRequest("POST", base, body: body)),
            let answer = try? JSONValue(parsing: response.body), answer["body"]?.string == "\(index)-\(turn)"
          else { continue }
          right.add(1, ordering: .relaxed)
        }
      }
      #expect(right.load(ordering: .relaxed) == 200)
    }
  }

  /// 100 handlers block until all 100 run: none may wait for another.
  @Test func blockingHandlersDoNotWaitForEachOther() throws {
    let running = Monitor(0)
    try withServer(
      threads: 2,
      { _ in
        running.withLock { $0 += 1 }
        let met = running.wait(atMost: .seconds(20)) { $0 >= 100 ? true : nil } != nil
        return .text(met ? "met" : "alone")
      }
    ) { base, _ in
      let client = HTTPClient()
      let met = Atomic(0)
      onThreads(100) { _ in
        if (try? client.send(HTTPRequest("GET", base)))?.body == Array("met".utf8) { met.add(1, ordering: .relaxed) }
      }
      #expect(met.load(ordering: .relaxed) == 100)
    }
  }

  @Test func slowClientsDoNotBlockOthers() throws {
    try withServer(threads: 1, Self.echo) { base, server in
      let slow = try (0..<50).map { index in
        let connection = try RawConnection(server.address)
        connection.send(index % 2 == 0 ? "GET / HT" : "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
        return connection
      }
      for _ in 0..<20 { #expect(try HTTPClient().send(HTTPRequest("GET", base)).status == 200) }
      withExtendedLifetime(slow) {}
    }
  }

  @Test func idleConnectionsAreClosed() throws {
    var limits = HTTPServer.Limits()
    limits.idleSeconds = 1
    try withServer(limits: limits, Self.echo) { _, server in
      let connection = try RawConnection(server.address)
      connection.send("GET / HTTP/1.1\r\nHo")
      // Ends only when the server closes.
      _ = connection.readAll()
    }
  }

  @Test(arguments: [
    "GARBAGE\r\n\r\n", "\r\n\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "GET /\(String(repeating: "a", count: 70_000)) HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  ])
  func survivesMalformedRequests(text: String) throws {
    var limits = HTTPServer.Limits()
    limits.idleSeconds = 1
    try withServer(limits: limits, Self.echo) { base, server in
      let connection = try RawConnection(server.address)
      connection.send(text)
      let answer = connection.readAll()
      #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 4"), "\(answer.prefix(200))")
      #expect(try HTTPClient().send(HTTPRequest("GET", base)).status == 200)
    }
  }

  @Test func takenPortIsNamed() throws {
    try withServer(Self.echo) { _, server in
      let error = #expect(throws: MillError.self) { try HTTPServer(listen: server.address, handler: Self.echo) }
      #expect(error?.code == .configuration)
      #expect("\(error!)".contains("\(server.address) is taken"))
      #expect("\(error!)".contains("choose another port"))
    }
  }

  @Test(arguments: ["no.such.host.invalid:0", "192.0.2.1:0"])
  func wrongAddressIsNamed(address: String) throws {
    let error = #expect(throws: MillError.self) { try HTTPServer(listen: Address(address), handler: Self.echo) }
    #expect(error?.code == .configuration)
    #expect("\(error!)".contains(address))
  }

  @Test(arguments: ["localhost:0", "[::1]:0"])
  func listensOnNamesAndIPv6(address: String) throws {
    guard !(address.hasPrefix("[") && shell("cat /proc/net/if_inet6").isEmpty) else {
      print("skipped: this machine has no IPv6")
      return
    }
    let server = try HTTPServer(listen: Address(address), handler: Self.echo)
    defer { server.stop() }
    #expect(try HTTPClient().send(HTTPRequest("GET", "http://\(server.address)/")).status == 200)
    guard address.hasPrefix("localhost") else { return }
    #expect(try HTTPClient().send(HTTPRequest("GET", "http://127.0.0.1:\(server.address.port)/")).status == 200)
  }

  @Test func stopLetsHandlersFinish() throws {
    let started = Signal()
    let proceed = Signal()
    let server = try HTTPServer(listen: Address("127.0.0.1:0")) { _ in
      started.set()
      proceed.wait(.seconds(20))
      return .text("done")
    }
    let address = server.address
    let answer = Monitor<String?>(nil)
    let client = Worker("client") { _ in
      let response = try? HTTPClient().send(HTTPRequest("GET", "http://\(address)/"))
      answer.withLock { $0 = response.map { String(decoding: $0.body, as: UTF8.self) } }
    }
    started.wait()
    let stopping = Worker("stop") { _ in server.stop() }
    proceed.set()
    stopping.join()
    client.join()
    #expect(answer.withLock { $0 } == "done")
    #expect(throws: MillError.self) { try HTTPClient().send(HTTPRequest("GET", "http://\(address)/")) }
    // The port is free again.
    try HTTPServer(listen: address) { _ in .text("") }.stop()
    server.stop()
  }
}
