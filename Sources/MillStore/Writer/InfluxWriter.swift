import MillBase

/// Writes to a server with InfluxDB's write API: InfluxDB 1, 2, 3, Cloud, VictoriaMetrics, or the built-in store.
///
/// A body that is too large for the server (413) is halved. Of a body with bad lines (400, 422) only those are
/// rejected: the server's message names them, or halving finds them; the others are written (again: a point that is
/// written twice is one point, as long as it has a timestamp). Everything else is tried again, for ever.
public final class InfluxWriter: PointWriter {
  private let configuration: InfluxConfiguration
  private let client: HTTPClient
  private let stopping = Signal()
  private let health: WriterHealth
  private let base: String
  private let lines: Metrics.Counter
  private let rejectedLines: Metrics.Counter

  public init(configuration: InfluxConfiguration) {
    self.configuration = configuration
    var options = HTTPClient.Options()
    options.timeout = configuration.timeout
    options.gzipRequests = configuration.packs
    options.bodyLimit = 16 << 20
    client = HTTPClient(options: options)
    var base = configuration.url
    while base.hasSuffix("/") { base.removeLast() }
    self.base = base
    let target = HTTPClient.redacted(base)
    health = WriterHealth(target: target)
    lines = Metrics.shared.counter(
      "millrace_store_writer_lines_total", ["target": target], help: "Lines that the store has taken")
    rejectedLines = Metrics.shared.counter(
      "millrace_store_writer_lines_rejected_total", ["target": target], help: "Lines that the store will never take")
    switch configuration.credential {
    case .none: break
    case .token(let token): Secrets.register(token)
    case .basic(_, let password): Secrets.register(password)
    }
  }

  public var state: WriterState { health.state }

  public func stop() { stopping.set() }

  public func write(_ batch: LineBatch) throws -> WriteOutcome {
    let all = LineRanges.lines(of: batch.bytes)
    var outcome = WriteOutcome()
    var start = 0
    while start < all.count {
      var end = start
      var bytes = 0
      while end < all.count, end - start < configuration.linesMax,
        end == start || bytes + all[end].count < configuration.bytesMax
      {
        bytes += all[end].count + 1
        end += 1
      }
      outcome += try deliver(batch.bytes, all[start..<end])
      start = end
    }
    lines.add(outcome.written)
    rejectedLines.add(outcome.rejected.count)
    return outcome
  }

  // MARK: Finding the bad lines

  private func deliver(_ bytes: [UInt8], _ ranges: ArraySlice<Range<Int>>) throws -> WriteOutcome {
    guard let first = ranges.first else { return WriteOutcome() }
    let message: ServerMessage
    switch try send(LineRanges.body(bytes, ranges)) {
    case .written: return WriteOutcome(written: ranges.count)
    case .tooLarge where ranges.count == 1:
      return WriteOutcome(
        rejected: [RejectedLine(line: Array(bytes[first]), reason: "the server says that the line is too large (413)")])
    case .tooLarge: return try halve(bytes, ranges)
    case .bad(let said): message = said
    }
    // The server may have written the good lines, or none: it depends on its version. Writing them again is harmless.
    let named = message.namedLines(bytes, ranges)
    if !named.isEmpty {
      var outcome = WriteOutcome()
      for range in ranges {
        guard let reason = named[range.lowerBound] else { continue }
        outcome.rejected.append(RejectedLine(line: Array(bytes[range]), reason: reason))
      }
      outcome += try deliver(bytes, ranges.filter { named[$0.lowerBound] == nil }[...])
      return outcome
    }
    if ranges.count == 1 || message.meansAll(bytes, ranges) {
      return WriteOutcome(rejected: ranges.map { RejectedLine(line: Array(bytes[$0]), reason: message.text) })
    }
    return try halve(bytes, ranges)
  }

  private func halve(_ bytes: [UInt8], _ ranges: ArraySlice<Range<Int>>) throws -> WriteOutcome {
    let middle = ranges.startIndex + ranges.count / 2
    var outcome = try deliver(bytes, ranges[..<middle])
    outcome += try deliver(bytes, ranges[middle...])
    return outcome
  }

  // MARK: Talking to the server

  private enum Answer {
    case written
    case tooLarge
    case bad(ServerMessage)
  }

  /// Sends until there is an answer that says something about the lines.
  private func send(_ body: [UInt8]) throws -> Answer {
    var backoff = Backoff(first: configuration.retryWaitFirst, max: configuration.retryWaitMax)
    while !stopping.isSet {
      do {
        let response = try client.send(request(body), stop: stopping)
        let message = ServerMessage(response)
        switch response.status {
        case 200..<300:
          health.succeeded()
          return .written
        case 413: return .tooLarge
        case 400 where message.isAboutLines, 422:
          health.succeeded()
          return .bad(message)
        case 404 where configuration.createsDatabase && message.text.contains("database not found"):
          if try createDatabase() { continue }
          pause(.refused, "\(response.status): \(message.text)", configuration.refusedWait)
        case 408, 429, 500...:
          pause(.waiting, "\(response.status): \(message.text)", backoff.next(atLeast: RetryAfter.wait(response)))
        default:
          pause(.refused, "\(response.status): \(message.text)", configuration.refusedWait)
        }
      } catch let error as MillError where error.code != .stopped {
        if error.isRetriable {
          pause(.waiting, error.description, backoff.next())
        } else {
          pause(.refused, error.description, configuration.refusedWait)
        }
      }
    }
    throw MillError(.stopped, "the writer was stopped")
  }

  private func pause(_ phase: WriterState.Phase, _ reason: String, _ wait: Duration) {
    health.failed(phase, reason)
    stopping.wait(wait)
  }

  private func request(_ body: [UInt8]) -> HTTPRequest {
    let path: String
    switch configuration.api {
    case .v1(let database, let policy):
      var query = [(name: "db", value: database), (name: "precision", value: "ns")]
      if let policy { query.append((name: "rp", value: policy)) }
      path = "/write?\(PercentEncoding.encode(query: query))"
    case .v2(let organization, let bucket):
      let query = [
        (name: "org", value: organization), (name: "bucket", value: bucket), (name: "precision", value: "ns"),
      ]
      path = "/api/v2/write?\(PercentEncoding.encode(query: query))"
    }
    var request = HTTPRequest("POST", base + path, headers: ["Content-Type": "text/plain; charset=utf-8"], body: body)
    request.headers["Accept"] = "application/json"
    request.headers["Authorization"] = authorization
    return request
  }

  private var authorization: String? {
    switch configuration.credential {
    case .none: nil
    case .token(let token): "Token \(token)"
    case .basic(let user, let password): "Basic \(BasicCredential.encode(user: user, password: password))"
    }
  }

  private func createDatabase() throws -> Bool {
    guard case .v1(let database, _) = configuration.api else { return false }
    let name = database.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    // In the address: /query does not unpack bodies.
    let query = PercentEncoding.encode(query: [(name: "q", value: "CREATE DATABASE \"\(name)\"")])
    var request = HTTPRequest("POST", "\(base)/query?\(query)")
    request.headers["Authorization"] = authorization
    let response = try client.send(request, stop: stopping)
    return response.status == 200 && !ServerMessage(response).text.contains("error")
  }
}
