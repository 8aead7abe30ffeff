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

  public init(options: Options = Options()) { fatalError("not implemented") }

  /// Sends and waits for the answer; every status is an answer. Responses in gzip are unpacked.
  /// - Throws: `MillError.unreachable` (retriable) when the peer can't be reached or breaks off or takes too long,
  ///   `.limit` when the body is too large. URLs in errors show no user, password or query values.
  public func send(_ request: HTTPRequest) throws -> HTTPResponse { fatalError("not implemented") }
}
