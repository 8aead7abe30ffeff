import CRdKafka
import MillBase

/// Java's key and trust store settings → librdkafka's. (Kafka documentation, "Encryption and Authentication using SSL";
/// PEM stores are KIP-651.)
enum KeyStores {
  /// What kind of file or setting a store is.
  private enum Kind: String {
    case pem = "PEM"
    case pkcs12 = "PKCS12"
    case jks = "JKS"
  }

  private static let algorithm = "ssl.endpoint.identification.algorithm"

  /// The settings that are understood together.
  static let names: Set<String> = [
    "ssl.keystore.type", "ssl.keystore.location", "ssl.keystore.password", "ssl.keystore.key",
    "ssl.keystore.certificate.chain", "ssl.key.password", "ssl.truststore.type", "ssl.truststore.location",
    "ssl.truststore.password", "ssl.truststore.certificates", algorithm,
  ]

  /// - Throws: `.configuration` naming the key: a store that is not there or can't be read, one of Java's own kind (with
  ///   the command that converts it), settings that don't go together.
  static func pairs(_ properties: [String: String]) throws -> [(name: String, value: String)] {
    for name in ["ssl.keystore.password", "ssl.key.password", "ssl.truststore.password", "ssl.keystore.key"] {
      if let value = properties[name] { Secrets.register(value) }
    }
    for prefix in ["ssl.keystore", "ssl.truststore"] { _ = try named(prefix, properties) }
    var pairs = try keys(properties) + trust(properties)
    // To Java an empty name means: don't look at it.
    if let value = properties[algorithm] { pairs.append((algorithm, value.isEmpty ? "none" : value.lowercased())) }
    return pairs
  }

  private static func keys(_ properties: [String: String]) throws -> [(name: String, value: String)] {
    let prefix = "ssl.keystore"
    let password = properties["ssl.key.password"].map { [("ssl.key.password", $0)] } ?? []
    let (key, chain) = (properties["\(prefix).key"], properties["\(prefix).certificate.chain"])
    if key != nil || chain != nil {
      guard let key, let chain else {
        throw wrong("\(prefix).\(key == nil ? "key" : "certificate.chain")", "is missing beside the other", nil)
      }
      try forbid(["\(prefix).location", "\(prefix).password"], in: properties, beside: "\(prefix).key")
      guard try named(prefix, properties) ?? .pem == .pem else {
        throw wrong("\(prefix).type", "\(prefix).key is PEM", "set PEM")
      }
      guard chain.ranges(of: "-----BEGIN CERTIFICATE-----").count < 2 else {
        throw wrong(
          "\(prefix).certificate.chain", "several certificates can be given in a file only",
          "write key and certificates into a PEM file and give \(prefix).location")
      }
      return password + [("ssl.key.pem", key), ("ssl.certificate.pem", chain)]
    }
    guard let path = properties["\(prefix).location"] else { return password }
    switch try kind(prefix, path, properties) {
    case .pem:
      try forbid(["\(prefix).password"], in: properties, beside: "a PEM store; give ssl.key.password")
      return password + [("ssl.certificate.location", path), ("ssl.key.location", path)]
    case .pkcs12:
      return [("ssl.keystore.location", path), ("ssl.keystore.password", properties["\(prefix).password"] ?? "")]
    case .jks: throw java(prefix, path)
    }
  }

  private static func trust(_ properties: [String: String]) throws -> [(name: String, value: String)] {
    let prefix = "ssl.truststore"
    if let certificates = properties["\(prefix).certificates"] {
      try forbid(["\(prefix).location", "\(prefix).password"], in: properties, beside: "\(prefix).certificates")
      guard try named(prefix, properties) ?? .pem == .pem else {
        throw wrong("\(prefix).type", "\(prefix).certificates is PEM", "set PEM")
      }
      return [("ssl.ca.pem", certificates)]
    }
    guard let path = properties["\(prefix).location"] else { return [] }
    switch try kind(prefix, path, properties) {
    case .pem:
      try forbid(["\(prefix).password"], in: properties, beside: "a PEM store")
      return [("ssl.ca.location", path)]
    case .pkcs12:
      do {
        return [("ssl.ca.pem", try PKCS12.certificates(path, password: properties["\(prefix).password"] ?? ""))]
      } catch let error as MillError {
        throw wrong(
          "\(prefix).location", "\(path): \(error.message)",
          "check \(prefix).password, or export the certificate as PEM: keytool -exportcert -rfc -keystore \(path) "
            + "-alias NAME > ca.pem, with \(prefix).type=PEM")
      }
    case .jks: throw java(prefix, path)
    }
  }

  // MARK: What kind

  private static func named(_ prefix: String, _ properties: [String: String]) throws -> Kind? {
    guard let name = properties["\(prefix).type"] else { return nil }
    guard let kind = Kind(rawValue: name.uppercased()) else {
      throw wrong("\(prefix).type", "there is no store of type '\(name)' here", "PEM and PKCS12 can be read")
    }
    return kind
  }

  /// What the file is; Java's default type, JKS, reads PKCS#12 as well.
  private static func kind(_ prefix: String, _ path: String, _ properties: [String: String]) throws -> Kind {
    let said = try named(prefix, properties)
    let bytes: [UInt8]
    do { bytes = try Files.read(path) } catch { throw wrong("\(prefix).location", "\(error)", nil) }
    let found: Kind =
      switch bytes.prefix(4) {
      case [0xFE, 0xED, 0xFE, 0xED], [0xCE, 0xCE, 0xCE, 0xCE]: .jks
      case _ where bytes.first == 0x30: .pkcs12
      default: .pem
      }
    if said == .pem || said == .pkcs12, found != said {
      throw wrong("\(prefix).type", "\(path) is no \(said!.rawValue) file", "set \(found.rawValue)")
    }
    if found == .pem, said == nil || said == .jks {
      throw wrong("\(prefix).type", "\(path) is neither a JKS nor a PKCS12 file", "set PEM when it is one")
    }
    return found
  }

  // MARK: Errors

  private static func wrong(_ key: String, _ message: String, _ wayOut: String?) -> MillError {
    MillError(.configuration, message, at: .init(key: key), wayOut: wayOut)
  }

  private static func java(_ prefix: String, _ path: String) -> MillError {
    let other = (path.hasSuffix(".jks") ? String(path.dropLast(4)) : path) + ".p12"
    return wrong(
      "\(prefix).location", "\(path) is a JKS store, which only Java reads",
      "convert it: keytool -importkeystore -srckeystore \(path) -destkeystore \(other) -deststoretype PKCS12; then give "
        + "\(prefix).location=\(other) and \(prefix).type=PKCS12")
  }

  private static func forbid(_ names: [String], in properties: [String: String], beside what: String) throws {
    for name in names where properties[name] != nil { throw wrong(name, "does not go with \(what)", "take it out") }
  }
}
