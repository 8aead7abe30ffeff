import MillBase

@testable import MillKafka

/// Texts that people and clients write: the tokens of a SASL talk, `server.properties` with its JAAS values, client
/// properties, addresses. The first byte says which; lines are the tokens or entries.
public final class TextTarget: FuzzTarget {
  public static let name = "texts"
  /// Stands for the server's nonce in a token: no fuzzer guesses 18 random bytes.
  private static let nonceMark = "%nonce%"

  private static let rightTokens = [("alice", "wonderland"), ("a,b=c", "second-password")].flatMap { user, password in
    ["\0\(user)\0\(password)", "\(user)\0\(user)\0\(password)"]
  }

  private let users: SASLUsers

  public init() throws { users = try SASLUsers(["alice": "wonderland", "a,b=c": "second-password"]) }

  public func run(_ input: [UInt8]) throws {
    var input = FuzzInput(input)
    let choice = input.choose(6)
    let lines = input.rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    switch choice {
    case 0..<3: try talk(SASLMechanism.allCases[choice], lines)
    case 3: try brokerProperties(lines)
    case 4: try clientProperties(lines)
    default: try address(String(decoding: input.rest, as: UTF8.self))
    }
  }

  private func talk(_ mechanism: SASLMechanism, _ tokens: [[UInt8]]) throws {
    var exchange = SASLExchange(mechanism, users)
    var nonce = ""
    for token in tokens.prefix(4) {
      var token = token
      if !nonce.isEmpty, let text = String(validating: token, as: UTF8.self) {
        token = Array(text.replacing(Self.nonceMark, with: nonce).utf8)
      }
      let step: SASLExchange.Step
      do { step = try exchange.respond(to: token) } catch { return }
      switch step {
      case .accepted:
        let isRight = mechanism == .plain && Self.rightTokens.contains(String(decoding: token, as: UTF8.self))
        return try FuzzFinding.require(isRight, "\(mechanism) let somebody in without the password")
      case .proceed(let answer):
        let first = String(decoding: answer, as: UTF8.self).split(separator: ",").first
        nonce = first.map { String($0.dropFirst(2)) } ?? ""
      }
    }
  }

  private func entries(_ lines: [[UInt8]]) -> [(key: String, value: String)] {
    lines.compactMap { line in
      let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return nil }
      return (String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self))
    }
  }

  private func brokerProperties(_ lines: [[UInt8]]) throws {
    let entries = entries(lines).enumerated().map { number, entry in
      BrokerProperties.Entry(key: entry.key, value: entry.value, line: number + 1)
    }
    // Files that a fuzzer names are not to be opened, here and below.
    guard !entries.contains(where: { $0.key.hasSuffix("ssl.keystore.location") }) else { return }
    let properties: BrokerProperties
    do {
      properties = try BrokerProperties(entries, file: "server.properties") { $0 == "NAME" ? "value" : nil }
    } catch is MillError { return }
    do { try properties.requireEnoughSecurity() } catch is MillError { return }
    for listener in properties.listeners {
      try FuzzFinding.require(
        listener.listen.isLoopback, "\(listener.listen) is served without a password over TLS")
    }
  }

  private func clientProperties(_ lines: [[UInt8]]) throws {
    let properties = entries(lines).filter { !$0.key.contains("location") && !$0.key.contains("plugin") }
    do { _ = try KafkaProperties(Dictionary(properties, uniquingKeysWith: { $1 })) } catch is MillError {}
  }

  private func address(_ text: String) throws {
    guard let address = try? Address(text) else { return }
    try FuzzFinding.require(
      (try? Address(address.description)) == address, "'\(text)' is \(address), which is another address")
  }

  public static func seeds() throws -> [[UInt8]] {
    let jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required user_alice=\"${env:NAME}\";"
    let texts: [(UInt8, String)] = [
      (0, "\0alice\0wonderland"), (0, "bob\0alice\0wonderland"),
      (1, "n,,n=alice,r=clientnonce\nc=biws,r=\(nonceMark),p=AAAA"),
      (2, "y,a=alice,n=a=2Cb=3Dc,r=x,tokenauth=true\nc=biws,r=x\(nonceMark),p=AAAA"),
      (3, "listeners=SASL_PLAINTEXT://127.0.0.1:9092\nsasl.enabled.mechanisms=PLAIN\nsasl.jaas.config=\(jaas)"),
      (3, "listeners=PLAINTEXT://:9092\nadvertised.listeners=PLAINTEXT://host:1\nmax.connections=10\nlog.dirs=/data"),
      (
        3,
        "listeners=A://:1,B://[::1]:2\nlistener.security.protocol.map=A:SASL_PLAINTEXT,B:PLAINTEXT\n"
          + "listener.name.a.plain.sasl.jaas.config=\(jaas)\nadvertised.listeners=A://host:1"
      ),
      (
        4,
        "sasl.jaas.config=x required username=\"u\" password=\"rather-secret\";\nbuffer.memory=33554432\nacks=1\nlinger.ms=5"
      ),
      (5, "[::1]:9092"), (5, "127.0.0.1:9092"), (5, ":0"),
    ]
    return texts.map { [$0.0] + Array($0.1.utf8) }
  }
}
