import MillBase
import MillLog

/// Serves a ``LocalLog`` in the Kafka protocol: on loopback, and elsewhere with passwords over TLS.
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
  private let offsetExpiry: Worker

  /// Binds, listens and serves from here on.
  ///
  /// - Parameters:
  ///   - listen: port 0 takes a free one.
  ///   - advertised: what clients are told to connect to, port 0 = the real one; default: `listen`.
  /// - Throws: `.configuration` for an address beyond loopback without SASL over TLS, one that clients can't connect
  ///   to, and a taken port.
  public init(
    log: LocalLog, listen: Address, advertised: Address? = nil, security: ListenerSecurity = ListenerSecurity(),
    options: ServerOptions = ServerOptions()
  ) throws {
    try security.requireEnough(for: listen)
    var advertised = advertised ?? listen
    if ["0.0.0.0", "::"].contains(advertised.host) {
      throw MillError(
        .configuration, "clients would be told to connect to \(advertised.host), which is nowhere",
        wayOut: "give advertised.listeners with the name by which clients reach this machine")
    }
    let socket = try ListeningSocket(listen)
    address = Address(host: listen.host, port: socket.port)
    if advertised.port == 0 { advertised.port = socket.port }
    let handler = RequestHandler(log: log, advertised: advertised, options: options)
    let budget = ServerBudget(requests: options.requestMemoryMax, responses: options.responseMemoryMax)
    do {
      loops = try (0..<max(1, options.loops)).map { number in
        try ServerLoop(number, handler: handler, security: security, options: options, budget: budget)
      }
    } catch {
      socket.close()
      throw error
    }
    self.log = log
    self.handler = handler
    offsetExpiry = Worker("kafka-offsets") { [handler] stop in
      while !stop.wait(options.offsetsRetentionCheckInterval) { handler.expireOffsets(now: Clock.nowMilliseconds()) }
    }
    let loops = loops
    listener = log.onAppend { topicPartition in for loop in loops { loop.noteAppend(topicPartition) } }
    loops[0].start(accepting: socket.descriptor, spreadingOver: loops)
    for loop in loops.dropFirst() { loop.start() }
    Log.info("kafka", "serving on \(security.protocolName)://\(address)")
  }

  /// Closes all connections and the port. The log stays open.
  public func stop() {
    log.removeAppendListener(listener)
    offsetExpiry.stop()
    handler.groups.stop()
    for loop in loops { loop.stop() }
    for loop in loops { loop.join() }
    handler.transactions.stop()
    offsetExpiry.join()
  }
}
