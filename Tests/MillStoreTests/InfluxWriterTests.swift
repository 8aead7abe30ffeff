import MillBase
import MillStore
import Synchronization
import Testing

/// What the writer makes of a server's answers. The server here is a double that plays a script.
@Suite struct InfluxWriterTests {
  /// Plays the answers one after another, then 204; keeps what came.
  private func check(
    _ answers: [HTTPResponse], _ lines: [String],
    _ body: (InfluxWriter, LineBatch, _ requests: () -> [HTTPRequest]) throws -> Void
  ) throws {
    let seen = Mutex<[HTTPRequest]>([])
    let server = try HTTPServer(listen: Address(host: "127.0.0.1", port: 0)) { request in
      seen.withLock { seen in
        seen.append(request)
        return seen.count <= answers.count ? answers[seen.count - 1] : HTTPResponse(status: 204)
      }
    }
    defer { server.stop() }
    var configuration = InfluxConfiguration(
      url: "http://\(server.address)", api: .v2(organization: "o", bucket: "b"), credential: .token("secret-token"))
    configuration.retryWaitFirst = .milliseconds(10)
    configuration.retryWaitMax = .milliseconds(20)
    configuration.refusedWait = .milliseconds(10)
    let batch = LineBatch(bytes: Array(lines.map { $0 + "\n" }.joined().utf8), count: lines.count)
    try body(InfluxWriter(configuration: configuration), batch) { seen.withLock { $0 } }
  }

  @Test(arguments: [429, 500, 502, 503, 504, 408, 401, 403, 404])
  func triesAgain(status: Int) throws {
    let answers = [HTTPResponse(status: status), HTTPResponse(status: status)]
    try check(answers, ["m f=1 1", "m f=2 2"]) { writer, batch, requests in
      let outcome = try writer.write(batch)
      #expect(outcome == WriteOutcome(written: 2))
      #expect(requests().count == 3)
      #expect(requests().allSatisfy { $0.body == batch.bytes })
      #expect(requests().allSatisfy { $0.headers["Authorization"] == "Token secret-token" })
      #expect(writer.state.phase == .ready)
    }
  }

  @Test func halvesWhatIsTooLarge() throws {
    try check([HTTPResponse(status: 413)], ["m f=1 1", "m f=2 2", "m f=3 3"]) { writer, batch, requests in
      let outcome = try writer.write(batch)
      #expect(outcome == WriteOutcome(written: 3))
      let bodies = requests().dropFirst().map { String(decoding: $0.body, as: UTF8.self) }
      #expect(bodies == ["m f=1 1\n", "m f=2 2\nm f=3 3\n"])
    }
  }

  /// A 400 that is not about the lines must not send good lines to the dead letters.
  @Test func blamesNoLineForAWrongRequest() throws {
    try check([.json(["error": "unexpected EOF"], status: 400)], ["m f=1 1"]) { writer, batch, requests in
      let outcome = try writer.write(batch)
      #expect(outcome == WriteOutcome(written: 1))
      #expect(requests().count == 2)
    }
  }
}
