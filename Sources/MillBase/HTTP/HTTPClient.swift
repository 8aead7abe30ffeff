import CCurl
import Glibc
import Synchronization

/// An HTTP client on libcurl. Calls block: use it from a worker thread. Connections are kept and reused.
///
/// Safe from several threads; each concurrent call has a connection of its own.
public final class HTTPClient: Sendable {
  public struct Options: Sendable {
    public var connectTimeout: Duration = .seconds(5)
    /// For the whole exchange.
    public var timeout: Duration = .seconds(30)
    /// Bytes of a response body, after unpacking; above it the call fails with `.limit`. Default 64 MiB.
    public var bodyLimit = 64 << 20
    /// At most so many redirects; 0 = none are followed and the 3xx is returned. Default 0.
    public var redirectsMax = 0
    /// Pack request bodies with gzip (Content-Encoding: gzip). Default false.
    public var gzipRequests = false
    public init() {}
  }

  private let options: Options
  private let idle = Mutex<[CurlHandle]>([])
  /// Handles that are kept for the next call, each with its open connections.
  private static let idleMax = 8

  public init(options: Options = Options()) { self.options = options }

  /// Sends and waits for the answer; every status is an answer. Responses in gzip are unpacked.
  ///
  /// - Throws: `MillError.unreachable` (retriable) when the peer can't be reached or breaks off or takes too long,
  ///   `.limit` when the body is too large, `.badInput` when it can't be unpacked, `.configuration` when the request
  ///   can't be sent (not a URL, a line break in a header), `.stopped` when `stop` was set meanwhile (seen within about a
  ///   second). URLs in errors show no user, password or query values.
  public func send(_ request: HTTPRequest, stop: Signal? = nil) throws -> HTTPResponse {
    let handle = idle.withLock { $0.popLast() } ?? CurlHandle()
    let response = try handle.perform(request, options, stop)
    // A handle whose call failed is closed with its connection.
    idle.withLock { if $0.count < Self.idleMax { $0.append(handle) } }
    return response
  }

  /// The URL as errors and logs may show it: without user and password, query values and fragment.
  public static func redacted(_ url: String) -> String {
    var rest = url[...]
    var text = ""
    if let scheme = rest.firstRange(of: "://") {
      text = String(rest[..<scheme.upperBound])
      rest = rest[scheme.upperBound...]
    }
    if let hash = rest.firstIndex(of: "#") { rest = rest[..<hash] }
    let question = rest.firstIndex(of: "?")
    let place = rest[..<(question ?? rest.endIndex)]
    let authority = place.prefix { $0 != "/" }
    text += authority.lastIndex(of: "@").map { place[place.index(after: $0)...] } ?? place
    guard let question else { return text }
    let names = rest[rest.index(after: question)...].split(separator: "&").map { pair in
      pair.contains("=") ? "\(pair.prefix { $0 != "=" })=***" : "***"
    }
    return text + "?" + names.joined(separator: "&")
  }
}
