import CMicroHTTPD
import Glibc
import Synchronization

/// An HTTP/1.1 server on libmicrohttpd. The handler runs on threads of the server and may block.
///
/// One thread talks to all sockets, so a slow client costs a connection and harms no other. A whole request goes to a
/// handler thread; when all are busy another one is started, up to one for each connection.
///
/// A body above the limit is answered with 413, a gzip body is handed to the handler unpacked (a broken one is
/// answered with 400, another encoding with 415), and text and JSON above 1 KiB is packed when the client accepts
/// gzip. HEAD reaches the handler as GET and is answered without the body.
public final class HTTPServer: Sendable {
  public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

  public struct Limits: Sendable {
    /// Bytes of a request body, packed and unpacked. Default 64 MiB.
    public var body = 64 << 20
    /// Open connections; further ones wait until one closes. Default 256.
    public var connections = 256
    /// Seconds without traffic after which a connection is closed. A running handler does not count. Default 60.
    public var idleSeconds: UInt32 = 60
    public init() {}
  }

  /// The address it listens on; with port 0 asked for, the port that the system chose.
  public let address: Address

  /// How long `stop` waits for clients to fetch answers that are ready.
  private static let deliveryMax = Duration.seconds(2)

  private let core: HTTPServerCore
  private let daemon: Mutex<Daemon?>

  /// libmicrohttpd's handle may be used from every thread.
  private struct Daemon: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  /// Starts listening.
  ///
  /// - Parameters:
  ///   - listen: a name or address of this machine; port 0 = one that is free.
  ///   - threads: handler threads that are kept when there is nothing to do.
  /// - Throws: `MillError.configuration` when the address can't be had, naming it and the way out.
  public init(listen: Address, threads: Int = 4, limits: Limits = Limits(), handler: @escaping Handler) throws {
    let socket = try ListeningSocket(listen)
    let core = HTTPServerCore(
      handler: handler, bodyLimit: limits.body, threads: threads, connections: limits.connections)
    // `stop` ends the daemon before `core` goes.
    let context = Unmanaged.passUnretained(core).toOpaque()
    guard
      let pointer = mill_mhd_start(
        socket.descriptor, UInt32(limits.connections), limits.idleSeconds, HTTPServerCore.onTarget,
        HTTPServerCore.onData, HTTPServerCore.onCompleted, context)
    else {
      socket.close()
      throw MillError(.system, "the HTTP server on \(listen) can't start: \(String(cString: strerror(errno)))")
    }
    self.core = core
    daemon = Mutex(Daemon(pointer: pointer))
    address = Address(host: listen.host, port: socket.port)
  }

  deinit { stop() }

  /// Stops accepting, lets running handlers finish and their answers go out, closes. Requests that come meanwhile on
  /// open connections are answered with 503. Must not be called by a handler.
  public func stop() {
    let taken = daemon.withLock { daemon in
      defer { daemon = nil }
      return daemon
    }
    guard let taken else { return }
    let listening = MHD_quiesce_daemon(taken.pointer)
    if listening >= 0 { close(listening) }
    core.drain(deliveryMax: Self.deliveryMax)
    MHD_stop_daemon(taken.pointer)
  }
}
