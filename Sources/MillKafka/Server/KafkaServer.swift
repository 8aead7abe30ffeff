import Glibc
import MillBase
import MillLog
import Synchronization

/// Serves a ``LocalLog`` in the Kafka protocol, on loopback.
///
/// Connections are spread over a few threads, each waiting for events of its own connections: one that is slow, silent
/// or broken costs the others nothing. Requests of one connection are answered one after the other, as Kafka does.
public final class KafkaServer: Sendable {
  /// Where it listens, with the port that was chosen when 0 was asked for.
  public let address: Address
  private let loops: [ServerLoop]
  private let listener: Int
  private let log: LocalLog
  private let handler: RequestHandler

  /// Binds, listens and serves from here on.
  ///
  /// - Parameters:
  ///   - listen: loopback only; port 0 takes a free one.
  ///   - advertised: what clients are told to connect to; default: `listen`, with the real port.
  /// - Throws: `.configuration` for an address that is not loopback, `.system` when the port is taken.
  public init(
    log: LocalLog, listen: Address, advertised: Address? = nil, options: ServerOptions = ServerOptions()
  ) throws {
    try listen.requireLoopback(of: "the Kafka server")
    let (socket, port) = try ListenSocket.open(listen)
    address = Address(host: listen.host, port: port)
    let handler = RequestHandler(log: log, advertised: advertised ?? address, options: options)
    let budget = ServerBudget(options.requestMemoryMax)
    do {
      loops = try (0..<max(1, options.loops)).map { number in
        try ServerLoop(number, handler: handler, options: options, budget: budget)
      }
    } catch {
      close(socket)
      throw error
    }
    self.log = log
    self.handler = handler
    let loops = loops
    listener = log.onAppend { topicPartition in for loop in loops { loop.noteAppend(topicPartition) } }
    loops[0].start(accepting: socket, spreadingOver: loops)
    for loop in loops.dropFirst() { loop.start() }
    Log.info("kafka", "serving on \(address)")
  }

  /// Closes all connections and the port. The log stays open.
  public func stop() {
    log.removeAppendListener(listener)
    handler.groups.stop()
    for loop in loops { loop.stop() }
    for loop in loops { loop.join() }
  }
}

/// What all connections of a server share: their number, and memory for incoming requests.
final class ServerBudget: Sendable {
  private let used = Mutex(0)
  private let limit: Int
  let openConnections = Atomic<Int>(0)

  init(_ limit: Int) { self.limit = limit }

  /// The first request always gets what it needs, so that none waits for ever.
  func take(_ bytes: Int) -> Bool {
    used.withLock { used in
      guard used == 0 || used + bytes <= limit else { return false }
      used += bytes
      return true
    }
  }

  func giveBack(_ bytes: Int) { used.withLock { $0 -= bytes } }
}

enum ListenSocket {
  private static let backlog: Int32 = 512

  /// - Returns: a listening, non-blocking socket and its port.
  static func open(_ address: Address) throws -> (socket: Int32, port: UInt16) {
    let name = address.description
    let isSix = address.host.contains(":")
    let descriptor = try System.call("socket", name) {
      socket(isSix ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | SOCK_NONBLOCK_CLOEXEC, 0)
    }
    do {
      var yes: Int32 = 1
      try System.call("setsockopt", name) { setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4) }
      try bindAddress(descriptor, address, isSix: isSix)
      try System.call("listen on", name) { listen(descriptor, backlog) }
      return (descriptor, try port(of: descriptor, isSix: isSix))
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// SOCK_NONBLOCK | SOCK_CLOEXEC, which have another type in Swift.
  private static let SOCK_NONBLOCK_CLOEXEC = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

  private static func bindAddress(_ descriptor: Int32, _ address: Address, isSix: Bool) throws {
    let name = address.description
    func bindTo<SocketAddress>(_ value: SocketAddress) throws {
      var value = value
      try withUnsafePointer(to: &value) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
          _ = try System.call("listen on", name) {
            bind(descriptor, pointer, socklen_t(MemoryLayout<SocketAddress>.size))
          }
        }
      }
    }
    let host = address.host == "localhost" ? "127.0.0.1" : address.host
    if isSix {
      var value = sockaddr_in6()
      value.sin6_family = sa_family_t(AF_INET6)
      value.sin6_port = address.port.bigEndian
      guard inet_pton(AF_INET6, host, &value.sin6_addr) == 1 else { throw notNumeric(address) }
      try bindTo(value)
    } else {
      var value = sockaddr_in()
      value.sin_family = sa_family_t(AF_INET)
      value.sin_port = address.port.bigEndian
      guard inet_pton(AF_INET, host, &value.sin_addr) == 1 else { throw notNumeric(address) }
      try bindTo(value)
    }
  }

  private static func notNumeric(_ address: Address) -> MillError {
    MillError(.configuration, "'\(address.host)' is no address to listen on", wayOut: "give localhost or 127.0.0.1")
  }

  private static func port(of descriptor: Int32, isSix: Bool) throws -> UInt16 {
    var storage = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    try withUnsafeMutablePointer(to: &storage) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        _ = try System.call("getsockname", "listener") { getsockname(descriptor, pointer, &size) }
      }
    }
    // Family and port lie at the same place for both versions of IP.
    return UInt16(bigEndian: storage.sin6_port)
  }
}
