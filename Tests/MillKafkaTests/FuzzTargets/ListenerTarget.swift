import MillBase
import MillLog

@testable import MillKafka

/// A listener's connections: the first byte says with or without SASL, what the rest is, and how it is cut into reads.
/// The rest is either a stream of bytes as it comes from a socket, or what requests of up to three clients are made
/// from, so that most of them are good ones.
public final class ListenerTarget: FuzzTarget {
  public static let name = "listener"
  private static let cuts = [1 << 20, 1, 3, 5, 8, 61, 1000]
  private static let requestsMax = 48
  private static let withSASL: UInt8 = 1
  private static let asStream: UInt8 = 2

  private let users: SASLUsers

  public init() throws { users = try SASLUsers(["alice": "wonderland"]) }

  public func run(_ input: [UInt8]) throws {
    var input = FuzzInput(input)
    let setup = input.byte()
    let broker = try FuzzBroker(
      sasl: setup & Self.withSASL == 0 ? nil : users, cut: Self.cuts[Int(setup >> 2) % Self.cuts.count])
    do {
      if setup & Self.asStream != 0 {
        try broker.clients[0].receive(Array(input.rest))
      } else {
        try requests(ChosenSource(input: input), broker)
      }
    } catch {
      try broker.close()
      throw error
    }
    try broker.close()
  }

  private func requests(_ source: ChosenSource, _ broker: FuzzBroker) throws {
    var source = source
    for number in 0..<Self.requestsMax where !source.input.isEmpty {
      source.vocabulary = broker.vocabulary
      let client = broker.clients[source.input.choose(broker.clients.count)]
      let served = ServedMessages.all[source.input.choose(ServedMessages.all.count)]
      let version = served.api.versions.lowerBound + Int16(source.input.choose(served.api.versions.count))
      let damage = source.input.byte()
      var filler = MessageFiller(version: version, from: source)
      var frame = try RequestFrame.make(
        served.request, served.api, version, correlationID: Int32(number), from: &filler)
      source = filler.source
      if damage >= 240 { frame[source.input.choose(256) % frame.count] ^= 1 << (damage % 8) }
      try client.receive(RequestFrame.withLength(frame))
      try broker.deliver()
    }
  }

  public static func seeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for (number, served) in ServedMessages.all.enumerated() {
      // One request as a stream, and what makes a few requests of this kind.
      let version = served.api.versions.upperBound
      var filler = RandomFiller(version: version, seed: UInt64(number + 1))
      let frame = try RequestFrame.make(served.request, served.api, version, correlationID: 7, from: &filler)
      seeds.append([asStream] + RequestFrame.withLength(frame))
      for step in 0..<UInt8(4) {
        var seed: [UInt8] = [0]
        for _ in 0..<10 {
          seed += [0, UInt8(number), UInt8(filler.next() % UInt64(served.api.versions.count)), 0]
          seed += (0..<36).map { _ in UInt8(filler.next() % 100) + step }
        }
        seeds.append(seed)
      }
    }
    seeds.append([withSASL | asStream] + (try logIn("PLAIN", "\0alice\0wonderland")))
    seeds.append([withSASL | asStream] + (try logIn("SCRAM-SHA-256", "n,,n=alice,r=clientnonce")))
    // The handshake's version 0 is followed by tokens with nothing but their length.
    seeds.append(
      try [withSASL | asStream]
        + RequestFrame.withLength(handshake("PLAIN", 0)) + RequestFrame.withLength(Array("\0alice\0wonderland".utf8)))
    return seeds
  }

  private static func handshake(_ mechanism: String, _ version: Int16) throws -> [UInt8] {
    try RequestFrame.make(.saslHandshake, version) { (request: inout SASLHandshakeRequest) in
      request.mechanism = mechanism
    }
  }

  private static func logIn(_ mechanism: String, _ token: String) throws -> [UInt8] {
    let authenticate = try RequestFrame.make(.saslAuthenticate, 2) { (request: inout SASLAuthenticateRequest) in
      request.authBytes = Array(token.utf8)
    }
    let metadata = try RequestFrame.make(.metadata, 9) { (_: inout MetadataRequest) in }
    return try [handshake(mechanism, 1), authenticate, metadata].flatMap(RequestFrame.withLength)
  }
}
