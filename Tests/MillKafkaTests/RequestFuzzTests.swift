import MillBase
import MillLog
import Testing

@testable import MillKafka

/// Requests drawn from a seed, then changed byte by byte, through the whole handler over a real log: each gets an
/// answer or closes the connection, and the log stays whole.
@Suite struct RequestFuzzTests {
  @Test(arguments: Array(UInt64(1)...40)) func everyRequestIsAnsweredOrRefused(seed: UInt64) throws {
    let harness = try Harness(.local)
    defer { harness.close() }
    try harness.local.createTopic("pop", partitions: 2, configuration: [:])
    let records = [Record(key: [1], value: Array("one".utf8)), Record(value: nil)]
    _ = try harness.local.append(records, to: TopicPartition("pop", 0), codec: .none)
    let handler = try RequestHandler(log: harness.local, advertised: Address("127.0.0.1:1"), options: ServerOptions())
    defer { handler.groups.stop() }
    var dice = RandomFiller(version: 0, seed: seed &+ 99)
    var answered = 0
    // Authentication is answered before the handler (SASLGate).
    let messages = ServedMessages.all.filter { $0.api != .saslHandshake && $0.api != .saslAuthenticate }
    for (api, request, _) in messages {
      for version in api.versions {
        var filler = RandomFiller(
          version: version, seed: seed &* 1000 &+ UInt64(api.key) &* 20 &+ UInt64(version))
        let whole = try RequestFrame.make(request, api, version, correlationID: 7, from: &filler)
        // As it is, then with a bit turned or cut behind the first eight bytes, which say what it is.
        for change in 0..<4 {
          var bytes = whole
          if change > 0, bytes.count > 9 {
            let place = 8 + Int(dice.next() % UInt64(bytes.count - 8))
            if change == 3 {
              bytes.removeLast(bytes.count - place)
            } else {
              bytes[place] ^= 1 << UInt8(dice.next() % 8)
            }
          }
          do {
            let answer = try handler.answer(bytes[...], later: { _ in })
            if case .now(let reply) = answer {
              #expect(reply.count >= 8 && reply[4..<8].elementsEqual([0, 0, 0, 7]), "\(api.name) \(version)")
            }
            answered += 1
          } catch is MillError {}
        }
      }
    }
    #expect(answered > 100)
    try harness.local.checkInvariants()
  }
}
