import MillBase

/// A place where the server listens, under the name that Kafka's configuration gives it.
public struct KafkaListener: Sendable {
  /// PLAINTEXT, SASL_SSL …, or a name from `listener.security.protocol.map`.
  public var name: String
  /// Port 0 takes a free one.
  public var listen: Address
  /// What clients that came in here are told to connect to, port 0 = the real one; nil = as `listen`.
  public var advertised: Address?
  public var security: ListenerSecurity

  public init(
    name: String, listen: Address, advertised: Address? = nil, security: ListenerSecurity = ListenerSecurity()
  ) {
    self.name = name
    self.listen = listen
    self.advertised = advertised
    self.security = security
  }

  /// - Throws: `.configuration` for an address beyond loopback without SASL over TLS, or one that clients can't connect
  ///   to.
  func checkedAdvertised() throws -> Address {
    try security.requireEnough(for: listen)
    let told = advertised ?? listen
    guard !["0.0.0.0", "::"].contains(told.host) else {
      throw MillError(
        .configuration, "clients of listener \(name) would be told to connect to \(told.host), which is nowhere",
        wayOut: "give advertised.listeners with the name by which clients reach this machine")
    }
    return told
  }
}
