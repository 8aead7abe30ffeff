import Synchronization

/// An HTTP/1.1 server on libmicrohttpd. The handler runs on the server's own threads and may block.
///
/// A body above `bodyLimit` is answered with 413, a gzip body is handed to the handler unpacked (a broken one is
/// answered with 400), and an answer is packed when the client accepts gzip and it pays.
public final class HTTPServer: Sendable {
  public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

  public struct Limits: Sendable {
    /// Bytes of a request body, after unpacking. Default 64 MiB.
    public var body = 64 << 20
    /// Open connections. Default 256.
    public var connections = 256
    /// Seconds without traffic after which a connection is closed. Default 60.
    public var idleSeconds: UInt32 = 60
    public init() {}
  }

  /// The address it listens on; with port 0 asked for, the port that the system chose.
  public let address: Address

  /// Starts listening.
  /// - Throws: `MillError.configuration` when the port is taken, naming it.
  public init(listen: Address, threads: Int = 4, limits: Limits = Limits(), handler: @escaping Handler) throws {
    fatalError("not implemented")
  }

  /// Stops accepting, lets running handlers finish, closes.
  public func stop() { fatalError("not implemented") }
}
