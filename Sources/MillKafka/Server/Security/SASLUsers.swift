import MillBase

/// Kafka's names of the ways to show a password.
public enum SASLMechanism: String, Sendable, CaseIterable {
  case plain = "PLAIN"
  case scramSHA256 = "SCRAM-SHA-256"
  case scramSHA512 = "SCRAM-SHA-512"

  var hash: Hash? {
    switch self {
    case .plain: nil
    case .scramSHA256: .sha256
    case .scramSHA512: .sha512
    }
  }
}

/// Who may connect, and how they show it. Passwords are not kept, only what it takes to check one.
public struct SASLUsers: Sendable {
  /// Kafka's least (`kafka-configs` takes 4,096 and more), and what it takes by default.
  static let iterations = 4096
  private static let saltSize = 16

  /// What the server keeps of a password (RFC 5802, section 3).
  struct ScramKeys: Sendable {
    let salt: [UInt8]
    let stored: [UInt8]
    let server: [UInt8]
  }

  /// In the order in which clients are told.
  let mechanisms: [SASLMechanism]
  /// Differs from run to run, so that what is made with it says nothing elsewhere.
  private let key = SecretBytes.random(32)
  private let plain: [String: [UInt8]]
  private let scram: [SASLMechanism: [String: ScramKeys]]

  /// - Parameter passwords: by user name. They are registered with ``Secrets``.
  /// - Throws: `.configuration` when nobody could ever connect.
  public init(_ passwords: [String: String], mechanisms: [SASLMechanism] = SASLMechanism.allCases) throws {
    guard !passwords.isEmpty, !mechanisms.isEmpty else {
      throw MillError(
        .configuration, "SASL without \(passwords.isEmpty ? "users" : "mechanisms") lets nobody in",
        wayOut: "give user_NAME=\"PASSWORD\" in sasl.jaas.config and sasl.enabled.mechanisms")
    }
    self.mechanisms = mechanisms
    var plain: [String: [UInt8]] = [:]
    var scram: [SASLMechanism: [String: ScramKeys]] = [:]
    for (user, password) in passwords {
      guard !user.isEmpty, !password.isEmpty else {
        throw MillError(.configuration, "user '\(user)' has no password", at: .init(key: "sasl.jaas.config"))
      }
      Secrets.register(password)
      let bytes = Array(password.utf8)
      if mechanisms.contains(.plain) { plain[user] = Hash.sha256.hmac(key: key, bytes) }
      for mechanism in mechanisms {
        if let hash = mechanism.hash { scram[mechanism, default: [:]][user] = Self.keys(bytes, hash) }
      }
    }
    self.plain = plain
    self.scram = scram
  }

  private static func keys(_ password: [UInt8], _ hash: Hash) -> ScramKeys {
    let salt = SecretBytes.random(saltSize)
    let salted = hash.stretch(password, salt: salt, iterations: iterations)
    return ScramKeys(
      salt: salt, stored: hash.digest(hash.hmac(key: salted, Array("Client Key".utf8))),
      server: hash.hmac(key: salted, Array("Server Key".utf8)))
  }

  func knows(_ user: String) -> Bool { plain[user] != nil || scram.values.contains { $0[user] != nil } }

  func isRight(_ password: [UInt8], of user: String) -> Bool {
    let given = Hash.sha256.hmac(key: key, password)
    return SecretBytes.areEqual(given, plain[user] ?? []) && plain[user] != nil
  }

  /// An unknown user gets keys that no password fits, with the same salt each time: who asks can't tell.
  func keys(of user: String, _ mechanism: SASLMechanism) -> ScramKeys {
    if let keys = scram[mechanism]?[user] { return keys }
    let salt = Array(Hash.sha256.hmac(key: key, Array(user.utf8)).prefix(Self.saltSize))
    return ScramKeys(salt: salt, stored: SecretBytes.random(mechanism.hash?.size ?? 0), server: [])
  }
}
