import Glibc
import MillBase
import Synchronization
import Testing

@testable import MillCollect

@Suite struct CollectorTests {
  @Test func documentsArriveAsServed() throws {
    try withDirectory { directory in
      // Pretty-printed, with digits that a reader would not keep.
      let body = "{\n  \"b\": 1.10,\n  \"a\": 123456789012345678901234567890\n}\n"
      let api = try APIDouble { _, _ in .text(body, type: "application/json") }
      let setup = try Setup(api.url, in: directory)
      let ran = setup.run { $0.written >= 5 }
      #expect(ran)
      let (files, documents, status) = (try setup.files(), try setup.documents(), setup.status)
      #expect(files.count == status.written && Set(documents) == [body])
      #expect(files.allSatisfy { $0.wholeMatch(of: /response_\d{8}_\d{6}_\d{3}_\d{6}\.json/) != nil }, "\(files)")
      #expect(
        status.fetched == status.written && status.failed == 0 && status.bytes == status.written * body.utf8.count)
      #expect(status.lastSuccess != nil && status.lastError == nil && !status.isRunning)
      #expect(setup.metrics.sum("millrace_collect_requests_total") == status.requests)
      #expect(setup.metrics.sum("millrace_collect_documents_total") == status.written)
      #expect(setup.metrics.sum("millrace_collect_bytes_total") == status.bytes)
    }
  }

  @Test(arguments: [
    (HTTPResponse(status: 500), "http_500", "status 500"), (.text("x", status: 404), "http_404", "status 404"),
    (HTTPResponse(status: 204), "empty", "without a body"), (HTTPResponse(status: 200), "empty", "without a body"),
    (.text("<!DOCTYPE html><p>", type: "text/html"), "not_json", "begins with '<!DOCTYPE html><p>'"),
    (.text("{\"a\": [1, 2"), "not_json", "ends too early"), (.text("{} {}"), "not_json", "after the end"),
    (HTTPResponse(status: 200, body: [0xFF, 0xFE]), "not_json", "not JSON"),
    (
      HTTPResponse(status: 200, headers: ["Content-Encoding": "gzip"], body: Array("{}".utf8)), "not_unpacked",
      "unpacked"
    ),
    (HTTPResponse(status: 302, headers: ["Location": "/api"]), "redirects", "redirect"),
  ])
  func badAnswersAreErrors(response: HTTPResponse, reason: String, message: String) throws {
    try withDirectory { directory in
      let api = try APIDouble { number, _ in number < 20 ? response : .json(["good": 1]) }
      let setup = try Setup(api.url + "?token=sesame", in: directory)
      let ran = setup.run { $0.written > 0 }
      #expect(ran)
      let (documents, status) = (try setup.documents(), setup.status)
      #expect(Set(documents) == ["{\"good\":1}"])
      #expect(setup.errors(reason) > 0 && setup.errors(reason) == status.failed)
      #expect(status.lastError?.contains(message) == true, "\(status.lastError ?? "")")
      #expect(status.lastError?.contains("sesame") == false && !status.url.contains("sesame"))
      #expect(status.failuresInARow == 0 && status.lastErrorTime != nil)
    }
  }

  @Test func sizeLimitAtAndPastTheLimit() throws {
    try withDirectory { directory in
      let api = try APIDouble { number, _ in
        .text("\"\(String(repeating: "x", count: number % 2 == 0 ? 98 : 99))\"", type: "application/json")
      }
      let setup = try Setup(api.url, in: directory) { $0.documentBytesMax = 100 }
      let ran = setup.run { $0.written > 1 && $0.failed > 1 }
      #expect(ran)
      let documents = try setup.documents()
      #expect(documents.allSatisfy { $0.utf8.count == 100 })
      #expect(setup.errors("too_large") == setup.status.failed)
    }
  }

  @Test func packedAnswersAreAccepted() throws {
    try withDirectory { directory in
      let body = "[\(String(repeating: "1,", count: 2000))1]"
      let api = try APIDouble { _, request in
        guard request.headers["Accept-Encoding"]?.contains("gzip") == true else { return HTTPResponse(status: 406) }
        return HTTPResponse(status: 200, headers: ["Content-Encoding": "gzip"], body: Gzip.compress(Array(body.utf8)))
      }
      let setup = try Setup(api.url, in: directory)
      let ran = setup.run { $0.written > 0 }
      #expect(ran)
      let documents = try setup.documents()
      #expect(documents.first == body)
    }
  }

  @Test func deadAPIIsAskedAgain() throws {
    try withDirectory { directory in
      let gone = try HTTPServer(listen: Address("127.0.0.1:0")) { _ in .json([]) }
      let address = gone.address
      gone.stop()
      let setup = try Setup("http://\(address)/", in: directory)
      setup.collector.start()
      defer { setup.collector.stop() }
      let failed = eventually { setup.status.failed >= 3 }
      #expect(failed && setup.errors("unreachable") >= 3)
      let back = try HTTPServer(listen: address) { _ in .json([]) }
      let recovered = eventually { setup.status.written > 0 }
      back.stop()
      #expect(recovered)
    }
  }

  @Test func pausesGrowAndRetryAfterIsKept() throws {
    try withDirectory { directory in
      let api = try APIDouble { number, _ in
        number == 0 ? HTTPResponse(status: 429, headers: ["Retry-After": "1"]) : .json(["n": 1])
      }
      let setup = try Setup(api.url, in: directory)
      let ran = setup.run { $0.written > 2 }
      #expect(ran)
      // The time that passed is at least what the API asked for.
      #expect(api.gaps[0] >= 1000)
    }
  }

  @Test func stopDoesNotWaitForASilentAPI() throws {
    try withDirectory { directory in
      let proceed = Signal()
      let api = try APIDouble { _, _ in
        proceed.wait(.seconds(60))
        return .json([])
      }
      let setup = try Setup(api.url, in: directory)
      setup.collector.start()
      let asked = eventually { api.requests > 0 }
      setup.collector.stop()
      proceed.set()
      #expect(asked && setup.status.failed == 0 && !setup.status.isRunning)
    }
  }

  @Test func slowAnswersSkipGridPoints() throws {
    try withDirectory { directory in
      let api = try APIDouble { _, _ in
        usleep(120_000)
        return .json([])
      }
      let setup = try Setup(api.url, in: directory) { $0.interval = .milliseconds(100) }
      let start = Clock.steadyNanoseconds()
      let ran = setup.run { $0.written >= 4 }
      let milliseconds = Int((Clock.steadyNanoseconds() - start) / 1_000_000)
      // Answers take 120 ms, so every second point of the grid is left out, and none is made up for.
      #expect(ran && (api.requests - 1) * 200 <= milliseconds, "\(api.requests) requests in \(milliseconds) ms")
    }
  }

  @Test func requestsCarryHeadersAndBody() throws {
    try withDirectory { directory in
      let seen = Mutex<HTTPRequest?>(nil)
      let api = try APIDouble { _, request in
        seen.withLock { $0 = request }
        return .json([])
      }
      let setup = try Setup(api.url, in: directory) { configuration in
        configuration.method = "POST"
        configuration.headers = [
          ("Authorization", "Bearer open-sesame"), ("X-A", "1"), ("X-A", "2"), ("accept", "*/*"),
        ]
        configuration.body = Array("ask".utf8)
      }
      let ran = setup.run { $0.written > 0 }
      let request = try #require(seen.withLock { $0 })
      #expect(ran && request.method == "POST" && request.body == Array("ask".utf8))
      #expect(request.headers["authorization"] == "Bearer open-sesame")
      #expect(request.headers.filter { $0.name == "X-A" }.map(\.value) == ["1", "2"])
      #expect(request.headers.filter { $0.name.lowercased() == "accept" }.map(\.value) == ["*/*"])
      #expect(Secrets.redact("it is open-sesame") == "it is ***")
    }
  }

  @Test(arguments: [
    ("name", "letters"), ("url", "write http://HOST"), ("spool", "name the directory"), ("interval", "at least 1ms"),
    ("timeout", "at least 1ms"), ("documentBytesMax", "raise spoolBytesMax"), ("spoolFilesMax", "at least 1"),
    ("changedPart", "set onlyWhenChanged"),
  ])
  func badConfigurationIsNamed(key: String, wayOut: String) throws {
    try withDirectory { directory in
      let error = #expect(throws: MillError.self) {
        _ = try Setup(key == "url" ? "ftp://x/?key=sesame" : "http://x/", in: directory) { configuration in
          switch key {
          case "name": configuration.name = "a b"
          case "spool": configuration.spool = ""
          case "interval": configuration.interval = .zero
          case "timeout": configuration.timeout = .seconds(-1)
          case "documentBytesMax": configuration.spoolBytesMax = 10
          case "spoolFilesMax": configuration.spoolFilesMax = 0
          case "changedPart": configuration.changedPart = "data"
          default: break
          }
        }
      }
      #expect(error?.code == .configuration && error?.place?.key?.hasSuffix(".\(key)") == true, "\(error!)")
      #expect(error?.wayOut?.contains(wayOut) == true && !"\(error!)".contains("sesame"), "\(error!)")
    }
  }
}
