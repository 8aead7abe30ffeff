import MillBase

/// The talk of one connection about who it is: PLAIN (RFC 4616) or SCRAM (RFC 5802, 7677), the server's side.
struct SASLExchange {
  enum Step: Equatable {
    /// Send this and wait for more.
    case proceed([UInt8])
    /// The client is who it says; send this.
    case accepted([UInt8])
  }

  /// The talk has failed. `user` is nil when it broke off before one was named, or named one that is not known.
  struct Failure: Error {
    var reason: String
    var user: String?
  }

  /// What the first round of SCRAM leaves for the second.
  private struct Challenge {
    let user: String
    let header: String
    let firstBare: String
    let serverFirst: String
    let clientNonce: String
    let nonce: String
    let keys: SASLUsers.ScramKeys
  }

  private let mechanism: SASLMechanism
  private let users: SASLUsers
  private var challenge: Challenge?

  init(_ mechanism: SASLMechanism, _ users: SASLUsers) {
    self.mechanism = mechanism
    self.users = users
  }

  mutating func respond(to token: [UInt8]) throws(Failure) -> Step {
    guard let hash = mechanism.hash else { return try plain(token) }
    guard let text = String(validating: token, as: UTF8.self) else { throw Failure(reason: "the message is no UTF-8") }
    if let challenge { return try final(text, challenge, hash) }
    return try first(text)
  }

  private func failure(_ reason: String, _ user: String) -> Failure {
    Failure(reason: reason, user: users.knows(user) ? user : nil)
  }

  /// `[other identity] NUL user NUL password`.
  private func plain(_ token: [UInt8]) throws(Failure) -> Step {
    let parts = token.split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw Failure(reason: "the message is not that of PLAIN") }
    let user = String(decoding: parts[1], as: UTF8.self)
    guard parts[0].isEmpty || parts[0] == parts[1] else {
      throw failure("a user can't act for another one", user)
    }
    guard users.isRight(Array(parts[2]), of: user) else { throw failure("wrong password", user) }
    return .accepted([])
  }

  /// `n,,n=user,r=nonce` → `r=nonce…,s=salt,i=iterations`.
  private mutating func first(_ text: String) throws(Failure) -> Step {
    let parts = text.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
    // "p" would bind the talk to the TLS channel, which is only in the -PLUS mechanisms.
    guard parts.count == 3, parts[0] == "n" || parts[0] == "y" else {
      throw Failure(reason: "the first message is not that of SCRAM")
    }
    let fields = parts[2].split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count >= 2, fields[0].hasPrefix("n="), fields[1].hasPrefix("r="), fields[1].utf8.count > 2,
      // Kafka's one extension: delegation tokens, of which there are none here.
      !fields.contains("tokenauth=true")
    else { throw Failure(reason: "the first message is not that of SCRAM") }
    let name = fields[0].dropFirst(2)
    let user = String(name).replacing("=2C", with: ",").replacing("=3D", with: "=")
    guard parts[1].isEmpty || parts[1] == "a=\(name)" else { throw failure("a user can't act for another one", user) }
    let keys = users.keys(of: user, mechanism)
    let clientNonce = String(fields[1].dropFirst(2))
    let nonce = clientNonce + Base64.encode(SecretBytes.random(18))
    let serverFirst = "r=\(nonce),s=\(Base64.encode(keys.salt)),i=\(SASLUsers.iterations)"
    challenge = Challenge(
      user: user, header: "\(parts[0]),\(parts[1]),", firstBare: String(parts[2]), serverFirst: serverFirst,
      clientNonce: clientNonce, nonce: nonce, keys: keys)
    return .proceed(Array(serverFirst.utf8))
  }

  /// `c=header,r=nonce…,p=proof` → `v=signature`.
  private func final(_ text: String, _ challenge: Challenge, _ hash: Hash) throws(Failure) -> Step {
    guard let proofAt = text.ranges(of: ",p=").last else {
      throw failure("the second message is not that of SCRAM", challenge.user)
    }
    let withoutProof = text[..<proofAt.lowerBound]
    let fields = withoutProof.split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count >= 2, fields[0] == "c=\(Base64.encode(Array(challenge.header.utf8)))",
      // librdkafka before 2.6.1 puts its own part of the nonce in front once more.
      fields[1] == "r=\(challenge.nonce)" || fields[1] == "r=\(challenge.clientNonce)\(challenge.nonce)",
      let proof = Base64.decode(text[proofAt.upperBound...]), proof.count == hash.size
    else { throw failure("the second message is not that of SCRAM", challenge.user) }
    let message = Array("\(challenge.firstBare),\(challenge.serverFirst),\(withoutProof)".utf8)
    let signature = hash.hmac(key: challenge.keys.stored, message)
    let clientKey = zip(proof, signature).map { $0 ^ $1 }
    guard SecretBytes.areEqual(hash.digest(clientKey), challenge.keys.stored) else {
      throw failure("wrong password", challenge.user)
    }
    return .accepted(Array("v=\(Base64.encode(hash.hmac(key: challenge.keys.server, message)))".utf8))
  }
}
