import MillBase
import MillLog
import Testing

@testable import MillKafka

@Suite struct SASLTests {
  private static func users() throws -> SASLUsers {
    try SASLUsers(["alice": "alices-password", "a,b=c": "second-password"])
  }

  private func plain(_ token: String) throws -> Bool {
    var exchange = SASLExchange(.plain, try Self.users())
    return (try? exchange.respond(to: Array(token.utf8))) != nil
  }

  @Test(arguments: [
    ("\0alice\0alices-password", true), ("alice\0alice\0alices-password", true), ("bob\0alice\0alices-password", false),
    ("\0alice\0Alices-password", false), ("\0alice\0", false), ("\0bob\0alices-password", false), ("\0\0", false),
    ("", false), ("\0alice\0alices-password\0", false),
  ]) func plainTakesTheRightPasswordOnly(token: String, isTaken: Bool) throws {
    #expect(try plain(token) == isTaken)
  }

  /// The client's side, written from RFC 5802 and apart from the server's.
  private func scram(_ mechanism: SASLMechanism, user: String, password: String, header: String = "n,,") throws -> Bool
  {
    let hash = try #require(mechanism.hash)
    var server = SASLExchange(mechanism, try Self.users())
    let bare = "n=\(user),r=clientnonce"
    guard case .proceed(let bytes)? = try? server.respond(to: Array("\(header)\(bare)".utf8)) else { return false }
    let first = String(decoding: bytes, as: UTF8.self)
    let fields = first.split(separator: ",")
    let salt = try #require(Base64.decode(fields[1].dropFirst(2)))
    let salted = hash.stretch(Array(password.utf8), salt: salt, iterations: try #require(Int(fields[2].dropFirst(2))))
    let clientKey = hash.hmac(key: salted, Array("Client Key".utf8))
    let final = "c=\(Base64.encode(Array("n,,".utf8))),\(fields[0])"
    let message = Array("\(bare),\(first),\(final)".utf8)
    let proof = zip(clientKey, hash.hmac(key: hash.digest(clientKey), message)).map { $0 ^ $1 }
    let answer = try? server.respond(to: Array("\(final),p=\(Base64.encode(proof))".utf8))
    guard case .accepted(let signature)? = answer else { return false }
    let expected = hash.hmac(key: hash.hmac(key: salted, Array("Server Key".utf8)), message)
    #expect(signature == Array("v=\(Base64.encode(expected))".utf8))
    return true
  }

  @Test(arguments: [SASLMechanism.scramSHA256, .scramSHA512])
  func scramTakesTheRightPasswordOnly(mechanism: SASLMechanism) throws {
    #expect(try scram(mechanism, user: "alice", password: "alices-password"))
    #expect(try scram(mechanism, user: "a=2Cb=3Dc", password: "second-password"))
    #expect(try !scram(mechanism, user: "alice", password: "second-password"))
    #expect(try !scram(mechanism, user: "nobody", password: "alices-password"))
    // The header of the first message is repeated in the second: a change on the way shows.
    #expect(try !scram(mechanism, user: "alice", password: "alices-password", header: "y,,"))
    #expect(try !scram(mechanism, user: "alice", password: "alices-password", header: "p=tls-unique,,"))
  }

  /// RFC 7677, section 3: user "user", password "pencil".
  @Test func theKeysAreThoseOfTheStandard() throws {
    let salt = try #require(Base64.decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    let salted = Hash.sha256.stretch(Array("pencil".utf8), salt: salt, iterations: 4096)
    let message =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
      + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    let key = Hash.sha256.hmac(key: salted, Array("Server Key".utf8))
    #expect(
      Base64.encode(Hash.sha256.hmac(key: key, Array(message.utf8)))
        == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
  }

  private func serve(_ body: (Address) throws -> Void) throws {
    let harness = try Harness(.local)
    defer { harness.close() }
    let server = try KafkaServer(
      log: harness.local, listen: Address("127.0.0.1:0"), security: ListenerSecurity(sasl: Self.users()))
    defer { server.stop() }
    try body(server.address)
  }

  @Test func nothingButApiVersionsIsServedBeforeAuthentication() throws {
    try serve { address in
      let client = try RawClient(address)
      client.send(RawClient.request(18, 0, 1))
      #expect(client.receive()?.prefix(6) == [0, 0, 0, 1, 0, 0])
      client.send(RawClient.request(3, 1, 2, [0xFF, 0xFF, 0xFF, 0xFF]))
      #expect(client.receive() == nil)
    }
  }

  @Test func aFailedAttemptIsAnsweredAndClosed() throws {
    try serve { address in
      let client = try RawClient(address)
      client.send(RawClient.request(17, 1, 1, [0, 5] + Array("PLAIN".utf8)))
      #expect(client.receive()?.prefix(6) == [0, 0, 0, 1, 0, 0])
      let token = Array("\0alice\0wrong".utf8)
      client.send(RawClient.request(36, 0, 2, [0, 0, 0, UInt8(token.count)] + token))
      #expect(client.receive()?.prefix(6) == [0, 0, 0, 2, 0, 58])
      #expect(client.receive() == nil)
      let other = try RawClient(address)
      other.send(RawClient.request(17, 1, 1, [0, 6] + Array("GSSAPI".utf8)))
      #expect(other.receive()?.prefix(6) == [0, 0, 0, 1, 0, 33])
      #expect(other.receive() == nil)
    }
  }

  /// Version 0 of the handshake: what follows are tokens with their length, and nothing around them.
  @Test func rawTokensFollowTheOldHandshake() throws {
    try serve { address in
      for (password, isTaken) in [("alices-password", true), ("wrong", false)] {
        let client = try RawClient(address)
        client.send(RawClient.request(17, 0, 1, [0, 5] + Array("PLAIN".utf8)))
        #expect(client.receive()?.prefix(6) == [0, 0, 0, 1, 0, 0])
        let token = Array("\0alice\0\(password)".utf8)
        client.send([0, 0, 0, UInt8(token.count)] + token)
        guard isTaken else {
          #expect(client.receive() == nil)
          continue
        }
        #expect(client.receive() == [])
        client.send(RawClient.request(3, 1, 2, [0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(client.receive()?.prefix(4) == [0, 0, 0, 2])
      }
      let client = try RawClient(address)
      client.send(RawClient.request(17, 0, 1, [0, 13] + Array("SCRAM-SHA-256".utf8)))
      #expect(client.receive()?.prefix(6) == [0, 0, 0, 1, 0, 0])
      let first = Array("n,,n=alice,r=nonce".utf8)
      client.send([0, 0, 0, UInt8(first.count)] + first)
      #expect(client.receive().map { String(decoding: $0, as: UTF8.self) }?.hasPrefix("r=nonce") == true)
      // Neither a request nor less than a token is taken for one.
      client.send([0, 0, 0, 0])
      #expect(client.receive() == nil)
    }
  }

  /// A librdkafka that is told to take the broker for an old one.
  @Test(.enabled(if: ChildProcess.has("kcat")), arguments: SASLMechanism.allCases)
  func anOldClientGetsIn(mechanism: SASLMechanism) throws {
    try serve { address in
      for (password, isTaken) in [("alices-password", true), ("wrong", false)] {
        let settings = [
          "api.version.request=false", "broker.version.fallback=0.10.1", "security.protocol=SASL_PLAINTEXT",
          "sasl.mechanism=\(mechanism.rawValue)", "sasl.username=alice", "sasl.password=\(password)",
        ]
        let (code, _) = try ChildProcess.run(
          ["kcat", "-b", address.description, "-L", "-m", isTaken ? "10" : "2"] + settings.flatMap { ["-X", $0] })
        #expect((code == 0) == isTaken)
      }
    }
  }

  @Test func aLargeRequestBeforeAuthenticationClosesTheConnection() throws {
    try serve { address in
      let client = try RawClient(address)
      client.send([0, 8, 0, 1, 0, 36])
      #expect(client.receive() == nil)
    }
  }

  @Test func aHandshakeWhereNoneIsDueIsAnsweredWithTheState() throws {
    let harness = try Harness(.overTheWire)
    defer { harness.close() }
    let client = try RawClient(harness.server!.address)
    client.send(RawClient.request(17, 1, 1, [0, 5] + Array("PLAIN".utf8)))
    #expect(client.receive()?.prefix(6) == [0, 0, 0, 1, 0, 34])
  }
}
