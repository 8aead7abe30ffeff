import MillBase
import MillLog

/// Serves a ``LocalLog`` in the Kafka protocol: on loopback, and elsewhere with passwords over TLS.
///
/// Connections are spread over a few threads, each waiting for events of its own connections: one that is slow, silent
/// or broken costs the others nothing. Requests of one connection are answered one after the other, as Kafka does.
public final class KafkaServer: Sendable {
  /// Where it listens, with the ports that were chosen where 0 was asked for; in the order of the listeners.
  public let addresses: [Address]
  /// The first one.
  public var address: Address { addresses[0] }
  private let loops: [ServerLoop]
  private let appendListener: Int
  private let log: LocalLog
  private let handler: RequestHandler
  private let offsetExpiry: Worker

  /// With one listener.
  ///
  /// - Parameters:
  ///   - listen: port 0 takes a free one.
  ///   - advertised: what clients are told to connect to, port 0 = the real one; default: `listen`.
  /// - Throws: as ``init(log:listeners:options:)``.
  public convenience init(
    log: LocalLog, listen: Address, advertised: Address? = nil, security: ListenerSecurity = ListenerSecurity(),
    options: ServerOptions = ServerOptions()
  ) throws {
    let listener = KafkaListener(
      name: security.protocolName, listen: listen, advertised: advertised, security: security)
    try self.init(log: log, listeners: [listener], options: options)
  }

  /// Binds, listens and serves from here on.
  ///
  /// - Throws: `.configuration` for an address beyond loopback without SASL over TLS, one that clients can't connect
  ///   to, and a taken port.
  public init(log: LocalLog, listeners: [KafkaListener], options: ServerOptions = ServerOptions()) throws {
    precondition(!listeners.isEmpty, "a server has a listener")
    let told = try listeners.map { try $0.checkedAdvertised() }
    let sockets = try Self.open(listeners)
    let places = zip(listeners, sockets).map { Address(host: $0.listen.host, port: $1.port) }
    addresses = places
    let advertised = zip(told, sockets).map { Address(host: $0.host, port: $0.port == 0 ? $1.port : $0.port) }
    let handler = RequestHandler(log: log, advertised: advertised[0], options: options)
    let endpoints = zip(listeners, advertised).map { listener, advertised in
      ServerLoop.Endpoint(
        security: listener.security, handler: RequestHandler(handler, advertised: advertised))
    }
    let budget = ServerBudget(requests: options.requestMemoryMax, responses: options.responseMemoryMax)
    do {
      loops = try (0..<max(1, options.loops)).map { number in
        try ServerLoop(number, endpoints: endpoints, options: options, budget: budget)
      }
    } catch {
      for socket in sockets { socket.close() }
      throw error
    }
    self.log = log
    self.handler = handler
    offsetExpiry = Worker("kafka-offsets") { [handler] stop in
      while !stop.wait(options.offsetsRetentionCheckInterval) { handler.expireOffsets(now: Clock.nowMilliseconds()) }
    }
    let loops = loops
    appendListener = log.onAppend { topicPartition in for loop in loops { loop.noteAppend(topicPartition) } }
    loops[0].start(accepting: sockets.map(\.descriptor), spreadingOver: loops)
    for loop in loops.dropFirst() { loop.start() }
    for (listener, place) in zip(listeners, places) {
      let name = listener.name == listener.security.protocolName ? "" : " as \(listener.name)"
      Log.info("kafka", "serving on \(listener.security.protocolName)://\(place)\(name)")
    }
  }

  /// All or none.
  private static func open(_ listeners: [KafkaListener]) throws -> [ListeningSocket] {
    var sockets: [ListeningSocket] = []
    do {
      for listener in listeners { sockets.append(try ListeningSocket(listener.listen)) }
    } catch {
      for socket in sockets { socket.close() }
      throw error
    }
    return sockets
  }

  /// Closes all connections and the port. The log stays open.
  public func stop() {
    log.removeAppendListener(appendListener)
    offsetExpiry.stop()
    handler.groups.stop()
    for loop in loops { loop.stop() }
    for loop in loops { loop.join() }
    handler.transactions.stop()
    offsetExpiry.join()
  }
}
