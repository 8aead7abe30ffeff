import MillBase

/// How a listener guards itself; Kafka's security protocols are the four combinations.
public struct ListenerSecurity: Sendable {
  /// nil = connections are not encrypted.
  public var tls: TLSIdentity?
  /// nil = clients need not say who they are.
  public var sasl: SASLUsers?

  public init(tls: TLSIdentity? = nil, sasl: SASLUsers? = nil) {
    self.tls = tls
    self.sasl = sasl
  }

  /// PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
  public var protocolName: String { (sasl == nil ? "" : "SASL_") + (tls == nil ? "PLAINTEXT" : "SSL") }

  /// - Throws: `.configuration` for an address that other machines reach, unless passwords over TLS guard it.
  func requireEnough(for listen: Address) throws {
    if listen.isLoopback || (tls != nil && sasl != nil) { return }
    throw MillError(
      .configuration,
      "the Kafka server would listen on \(listen), which other machines can reach, as \(protocolName)",
      wayOut: "use 127.0.0.1, or --config with listeners=SASL_SSL://…, a certificate and users: see "
        + "'millrace help broker'")
  }
}
