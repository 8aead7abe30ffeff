import MillBase

/// Where a broker listens and how that is guarded.
extension BrokerProperties {
  private static let protocols = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]

  func readListeners() throws -> [KafkaListener] {
    let protocols = try protocolMap()
    let places = try list("listeners") ?? [("PLAINTEXT", Address(host: "127.0.0.1", port: 9092))]
    let ports = places.map(\.address.port).filter { $0 != 0 }
    guard Set(places.map(\.name)).count == places.count, Set(ports).count == ports.count else {
      throw wrong(
        "listeners", "each listener needs a name and a port of its own",
        "give names of your own with listener.security.protocol.map=NAME:SASL_SSL,…")
    }
    let advertised = try list("advertised.listeners") ?? []
    if let other = advertised.first(where: { told in !places.contains { $0.name == told.name } }) {
      throw wrong("advertised.listeners", "\(other.name) is not among the listeners")
    }
    return try places.map { name, address in
      guard let scheme = protocols[name] else {
        throw wrong(
          "listeners", "'\(name)' is no security protocol",
          "use SASL_SSL, SASL_PLAINTEXT, SSL or PLAINTEXT, or say which of them it is with "
            + "listener.security.protocol.map=\(name):…")
      }
      var security = ListenerSecurity()
      if scheme.hasSuffix("SSL") { security.tls = try identity(of: name) }
      if scheme.hasPrefix("SASL_") { security.sasl = try users(of: name) }
      return KafkaListener(
        name: name, listen: address, advertised: advertised.first { $0.name == name }?.address, security: security)
    }
  }

  /// Which protocol a listener's name stands for; the protocols' own names need no saying.
  private func protocolMap() throws -> [String: String] {
    var map = Dictionary(uniqueKeysWithValues: Self.protocols.map { ($0, $0) })
    let key = "listener.security.protocol.map"
    for item in try text(key)?.split(separator: ",") ?? [] {
      let parts = item.split(separator: ":").map { String($0.drop { $0 == " " }) }
      guard parts.count == 2, Self.protocols.contains(parts[1]) else {
        throw wrong(key, "'\(item)' is no NAME:PROTOCOL", "the protocols are \(Self.protocols.joined(separator: ", "))")
      }
      map[parts[0]] = parts[1]
    }
    return map
  }

  /// `NAME://HOST:PORT,…`; nil when the key is not there.
  private func list(_ key: String) throws -> [(name: String, address: Address)]? {
    guard let text = try text(key) else { return nil }
    let items = text.split(separator: ",").map { $0.drop { $0 == " " } }
    guard !items.isEmpty else { throw wrong(key, "is empty", "write SASL_SSL://HOST:PORT") }
    return try items.map { item in
      guard let mark = item.firstRange(of: "://") else {
        throw wrong(key, "'\(item)' is no listener", "write SASL_SSL://HOST:PORT")
      }
      let rest = item[mark.upperBound...]
      // Kafka: without a host it is every address of the machine.
      return (String(item[..<mark.lowerBound]), try Address(rest.hasPrefix(":") ? "0.0.0.0\(rest)" : String(rest)))
    }
  }

  static func prefix(of listener: String) -> String { "listener.name.\(listener.lowercased())." }

  /// The listener's own key, if it has one, else the one for all.
  private func key(_ name: String, of listener: String) -> String {
    let own = Self.prefix(of: listener) + name
    return values[own] == nil ? name : own
  }

  private func identity(of listener: String) throws -> TLSIdentity {
    func key(_ name: String) -> String { self.key(name, of: listener) }
    guard let path = try text(key("ssl.keystore.location")) else {
      throw wrong(
        key("ssl.keystore.location"), "is missing", "give a PEM file with the certificates and the private key")
    }
    guard try text(key("ssl.keystore.type")) == "PEM" else {
      throw wrong(
        key("ssl.keystore.type"), "only PEM can be read",
        "set PEM; openssl pkcs12 -in keystore.p12 -out server.pem -nodes makes such a file")
    }
    if let auth = try text(key("ssl.client.auth")), auth != "none" {
      throw wrong(key("ssl.client.auth"), "client certificates are not looked at", "set none; clients show a password")
    }
    let protocols = (try text(key("ssl.enabled.protocols")) ?? "TLSv1.2,TLSv1.3").split(separator: ",").map {
      String($0.drop { $0 == " " })
    }
    guard !protocols.isEmpty, protocols.allSatisfy({ TLSIdentity.Version(rawValue: $0) != nil }) else {
      throw wrong(key("ssl.enabled.protocols"), "TLSv1.2 and TLSv1.3 are spoken")
    }
    return try TLSIdentity(
      certificates: path, key: path, password: text(key("ssl.key.password"), isSecret: true),
      minimum: protocols.contains("TLSv1.2") ? .tls12 : .tls13)
  }

  private func users(of listener: String) throws -> SASLUsers {
    func key(_ name: String) -> String { self.key(name, of: listener) }
    let names =
      try text(key("sasl.enabled.mechanisms")) ?? SASLMechanism.allCases.map(\.rawValue).joined(separator: ",")
    let mechanisms = try names.split(separator: ",").map { name in
      let name = String(name.drop { $0 == " " })
      guard let mechanism = SASLMechanism(rawValue: name) else {
        throw wrong(
          key("sasl.enabled.mechanisms"), "'\(name)' is not served",
          "use \(SASLMechanism.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return mechanism
    }
    var passwords: [String: String] = [:]
    let keys = values.keys.filter { $0.hasSuffix("sasl.jaas.config") }.sorted()
    let own = keys.filter { $0.hasPrefix(Self.prefix(of: listener)) }
    for key in own.isEmpty ? keys.filter({ !$0.hasPrefix("listener.") }) : own {
      passwords.merge(try users(key), uniquingKeysWith: { $1 })
    }
    return try SASLUsers(passwords, mechanisms: mechanisms)
  }

  /// `…LoginModule required user_alice="secret" user_bob="${env:BOB_PASSWORD}";` as PlainLoginModule takes it.
  private func users(_ key: String) throws -> [String: String] {
    var rest = (values[key]?.value ?? "")[...]
    // All of it from one variable.
    if rest.hasPrefix("${env:") { rest = try fill(String(rest), key, isSecret: true)[...] }
    var users: [String: String] = [:]
    while let mark = rest.firstRange(of: "user_") {
      rest = rest[mark.upperBound...]
      guard let equals = rest.firstRange(of: "=\""),
        let end = rest[equals.upperBound...].firstIndex(of: "\"")
      else { throw wrong(key, "'user_' without =\"PASSWORD\"", "write user_NAME=\"PASSWORD\"") }
      let password = try fill(String(rest[equals.upperBound..<end]), key, isSecret: true)
      users[String(rest[..<equals.lowerBound])] = password
      rest = rest[rest.index(after: end)...]
    }
    return users
  }
}
