import MillBase

/// What a collector's thread does: fetch, judge, write, wait.
struct Poller {
  private let configuration: CollectorConfiguration
  private let client: HTTPClient
  private let board: StatusBoard
  private var spool: Spool
  private var hash: ContentHash?
  private var backoff: Backoff
  private var lastReason = ""

  /// While the spool is full: how often it is looked at.
  private static let pauseCheckInterval = Duration.milliseconds(500)
  /// Failures in a row are logged at the first, and then at each power of this many.
  private static let logEvery = 10

  init(_ configuration: CollectorConfiguration, spool: Spool, hash: ContentHash?, board: StatusBoard) {
    self.configuration = configuration
    self.spool = spool
    self.hash = hash
    self.board = board
    backoff = Backoff(first: configuration.retryDelayFirst, max: configuration.retryDelayMax)
    var options = HTTPClient.Options()
    options.connectTimeout = configuration.connectTimeout
    options.timeout = configuration.timeout
    options.bodyLimit = configuration.documentBytesMax
    options.redirectsMax = 5
    client = HTTPClient(options: options)
  }

  mutating func run(_ stop: Signal) {
    let start = Clock.steadyNanoseconds()
    while waitForRoom(0, stop) {
      do throws(Failure) {
        let document = try fetch(stop)
        guard store(document, stop) else { break }
        backoff.succeeded()
        stop.wait(untilNextGridPoint(since: start))
      } catch {
        if stop.isSet { break }
        stop.wait(backoff.next(atLeast: note(error)))
      }
    }
    _ = board.pause(nil)
  }

  private func untilNextGridPoint(since start: UInt64) -> Duration {
    let step = UInt64(configuration.interval.milliseconds) * 1_000_000
    let passed = Clock.steadyNanoseconds() - start
    return .nanoseconds(Int64(step - passed % step))
  }

  // MARK: Fetching

  /// What went wrong with a request or a write.
  private struct Failure: Error {
    /// The metric's label.
    var reason: String
    var error: MillError
    var retryAfter: Duration?
  }

  private struct Document {
    var bytes: [UInt8]
    var value: JSONValue
  }

  private func fetch(_ stop: Signal) throws(Failure) -> Document {
    board.requested()
    var headers: HTTPHeaders = ["Accept": "application/json"]
    for (name, _) in configuration.headers { headers[name] = nil }
    for (name, value) in configuration.headers { headers.add(name, value) }
    let response: HTTPResponse
    do {
      response = try client.send(
        HTTPRequest(configuration.method, configuration.url, headers: headers, body: configuration.body), stop: stop)
    } catch {
      throw failure(error)
    }
    guard (200..<300).contains(response.status) else {
      throw Failure(
        reason: "http_\(response.status)", error: refusal(.refused, "the API answers with status \(response.status)"),
        retryAfter: RetryAfter.wait(response, max: configuration.retryAfterMax))
    }
    guard !response.body.isEmpty else {
      throw Failure(reason: "empty", error: refusal(.badInput, "the API answers \(response.status) without a body"))
    }
    do {
      return Document(bytes: response.body, value: try JSONValue(parsing: response.body))
    } catch {
      let start = String(decoding: response.body.prefix(40), as: UTF8.self)
      let type = response.headers["Content-Type"].map { ", \($0)" } ?? ""
      throw Failure(
        reason: "not_json",
        error: refusal(.badInput, "the answer (\(response.body.count) bytes\(type)) begins with '\(start)': \(error)"))
    }
  }

  private func failure(_ error: any Error) -> Failure {
    guard var error = error as? MillError else { return Failure(reason: "other", error: refusal(.system, "\(error)")) }
    if error.code == .limit { error.wayOut = "raise documentBytesMax" }
    let reason =
      switch error.code {
      case .limit: "too_large"
      case .badInput: "not_unpacked"
      case .refused: "redirects"
      case .unreachable: "unreachable"
      default: "other"
      }
    return Failure(reason: reason, error: error)
  }

  private func refusal(_ code: MillError.Code, _ message: String) -> MillError {
    MillError(code, message, at: .init(key: HTTPClient.redacted(configuration.url)), isRetriable: true)
  }

  /// Counts and logs a failure; returns what the peer asked to wait.
  private mutating func note(_ failure: Failure) -> Duration? {
    let count = board.failed(failure.reason, failure.error)
    // A row of a thousand failures makes four lines.
    var rest = count
    while rest > 1, rest % Self.logEvery == 0 { rest /= Self.logEvery }
    if rest == 1 || failure.reason != lastReason {
      let row = count > 1 ? " (failure \(count) in a row)" : ""
      let wait = failure.retryAfter.map { ", and asks to wait \($0)" } ?? ""
      Log.warning("collect", "\(configuration.name): \(failure.error)\(wait)\(row)")
    }
    lastReason = failure.reason
    return failure.retryAfter
  }

  // MARK: Storing

  /// Writes the document, if it is news; waits for room as long as it takes. False when stopped before.
  private mutating func store(_ document: Document, _ stop: Signal) -> Bool {
    let ended = board.fetched()
    if ended > 0 { Log.info("collect", "\(configuration.name): a good answer again, after \(ended) failures") }
    let digest = hash?.hash(document.value)
    if let digest, hash?.isLast(digest) == true {
      board.foundUnchanged()
      return true
    }
    var hasFailed = false
    while true {
      guard waitForRoom(document.bytes.count, stop) else {
        Log.info(
          "collect", "\(configuration.name): a document of \(document.bytes.count) bytes was not written: stopping")
        return false
      }
      do {
        _ = try spool.write(document.bytes)
        break
      } catch {
        hasFailed = true
        waitAfterSpoolError(error, stop)
      }
    }
    if hasFailed { resume() }
    board.wrote(document.bytes.count)
    board.spool(files: spool.files, bytes: spool.bytes)
    if let digest { remember(digest) }
    return true
  }

  private mutating func remember(_ digest: String) {
    do { try hash?.remember(digest) } catch {
      _ = note(Failure(reason: "state", error: refusal(.system, "the content's hash is not kept: \(error)")))
    }
  }

  /// True as soon as so many bytes fit into the spool, false when stopped before.
  private mutating func waitForRoom(_ count: Int, _ stop: Signal) -> Bool {
    var hasWaited = false
    while !stop.isSet {
      do {
        let reason = try spool.fullBecause(adding: count)
        board.spool(files: spool.files, bytes: spool.bytes)
        guard let reason else {
          if hasWaited { resume() }
          return true
        }
        hasWaited = true
        pause(reason)
        stop.wait(Self.pauseCheckInterval)
      } catch {
        hasWaited = true
        waitAfterSpoolError(error, stop)
      }
    }
    return false
  }

  /// Full disk, missing rights, a directory that someone removed: all can be mended while this waits.
  private mutating func waitAfterSpoolError(_ error: any Error, _ stop: Signal) {
    let error = error as? MillError ?? refusal(.system, "\(error)")
    _ = note(Failure(reason: "spool", error: error))
    pause("\(error)")
    stop.wait(Self.pauseCheckInterval)
    // When this fails the next write says why.
    try? spool.restore()
  }

  private func pause(_ reason: String) {
    if board.pause(reason) { Log.warning("collect", "\(configuration.name) pauses: \(reason)") }
  }

  private func resume() {
    if board.pause(nil) { Log.info("collect", "\(configuration.name) goes on: there is room again") }
  }
}
