import MillBase

/// How an answer of the sample API goes wrong, for tests.
public enum Fault: Sendable {
  /// This status instead of 200, with a `Retry-After` in seconds when one is given.
  case status(Int, retryAfter: Int? = nil)
  /// The right answer, so much later.
  case delay(Duration)
  /// Only so many bytes of the right answer's body.
  case cut(Int)
  /// A page in HTML with status 200, as a proxy gives it.
  case html

  /// Reads `?status=503&retryAfter=2`, `?delay=MILLISECONDS`, `?cut=BYTES` or `?html`.
  init?(query request: HTTPRequest) {
    func number(_ name: String) -> Int? { request.parameter(name).flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 } }
    if let status = number("status"), (200...599).contains(status) {
      self = .status(status, retryAfter: number("retryAfter"))
    } else if let delay = number("delay") {
      self = .delay(.milliseconds(delay))
    } else if let cut = number("cut") {
      self = .cut(cut)
    } else if request.parameter("html") != nil {
      self = .html
    } else {
      return nil
    }
  }

  /// The client does not get the document.
  var spoils: Bool { if case .delay = self { false } else { true } }

  func apply(to response: inout HTTPResponse, _ stopping: Signal) {
    switch self {
    case .status(let status, let retryAfter):
      response = .json(["error": "Uh oh, something has gone wrong."], status: status)
      if let retryAfter { response.headers["Retry-After"] = String(retryAfter) }
    case .delay(let duration): stopping.wait(duration)
    case .cut(let count): response.body = Array(response.body.prefix(count))
    case .html: response = .text("<!DOCTYPE html><html><body>Sign in</body></html>", type: "text/html")
    }
  }
}
