import Synchronization

/// What all connections of a server share: their number, and memory for incoming requests and answers.
final class ServerBudget: Sendable {
  private let requestBytes = Mutex(0)
  private let requestsMax: Int
  private let responseBytes = Atomic<Int>(0)
  private let responsesMax: Int
  let openConnections = Atomic<Int>(0)

  init(requests: Int, responses: Int) {
    requestsMax = requests
    responsesMax = responses
  }

  /// The first request always gets what it needs, so that none waits for ever.
  func take(_ bytes: Int) -> Bool {
    requestBytes.withLock { used in
      guard used == 0 || used + bytes <= requestsMax else { return false }
      used += bytes
      return true
    }
  }

  func giveBack(_ bytes: Int) { requestBytes.withLock { $0 -= bytes } }

  /// An answer's size is known when it is there: the limit may be passed by one answer a loop.
  func holdResponse(_ bytes: Int) { responseBytes.add(bytes, ordering: .relaxed) }
  func releaseResponse(_ bytes: Int) { responseBytes.subtract(bytes, ordering: .relaxed) }
  var isFullOfResponses: Bool { responseBytes.load(ordering: .relaxed) >= responsesMax }
}
