import Glibc
import MillBase

/// One client's socket with what has come in and what has to go out. Belongs to one ``ServerLoop``.
final class Connection {
  /// Requests below this need no share of the memory budget.
  static let freeRequestSize = 64 << 10

  let id: UInt64
  let descriptor: Int32
  let peer: String
  private let sizeMax: Int
  private let budget: ServerBudget

  private var input: [UInt8] = []
  private var consumed = 0
  private var reserved = 0
  private var output: [UInt8] = []
  private var sent = 0

  /// Waits for room in the memory budget.
  private(set) var isStarved = false
  /// A request is being answered later: the next one has to wait.
  var isDeferred = false
  /// The parked fetch, while there is one.
  var parked: FetchWait?
  /// Steady clock, nanoseconds.
  var lastActivity = Clock.steadyNanoseconds()
  /// Events that epoll is asked for now.
  var interest: UInt32 = 0

  init(id: UInt64, descriptor: Int32, peer: String, sizeMax: Int, budget: ServerBudget) {
    self.id = id
    self.descriptor = descriptor
    self.peer = peer
    self.sizeMax = sizeMax
    self.budget = budget
  }

  deinit {
    if reserved > 0 { budget.giveBack(reserved) }
    close(descriptor)
  }

  var hasOutput: Bool { sent < output.count }
  /// No new request is looked at before the last one is answered: that is the back pressure.
  var isBusy: Bool { hasOutput || isDeferred || parked != nil }
  var wantsInput: Bool { !isBusy && !isStarved }

  func receive(_ bytes: UnsafeRawBufferPointer) {
    lastActivity = Clock.steadyNanoseconds()
    input.append(contentsOf: bytes)
  }

  /// The next whole request, without its length.
  ///
  /// - Throws: `.limit`, `.badInput` for a length that can't be.
  func nextFrame() throws -> ArraySlice<UInt8>? {
    let available = input.count - consumed
    guard available >= 4 else { return nil }
    let size = input[consumed..<(consumed + 4)].reduce(0) { $0 << 8 | Int($1) }
    guard size >= 8, size < 1 << 31 else { throw MillError(.badInput, "a request of \(size) bytes can't be") }
    guard size <= sizeMax else {
      throw MillError(.limit, "a request of \(size) bytes is above socket.request.max.bytes, \(sizeMax)")
    }
    if size > Self.freeRequestSize, reserved == 0 {
      isStarved = !budget.take(size)
      if isStarved { return nil }
      reserved = size
      input.reserveCapacity(consumed + 4 + size)
    }
    guard available >= 4 + size else { return nil }
    return input[(consumed + 4)..<(consumed + 4 + size)]
  }

  /// The request is answered, its bytes go.
  func consume(_ frameSize: Int) {
    consumed += 4 + frameSize
    if reserved > 0 {
      budget.giveBack(reserved)
      reserved = 0
    }
    if consumed == input.count {
      // An idle connection keeps no large buffer.
      input.removeAll(keepingCapacity: input.capacity <= Self.freeRequestSize)
      consumed = 0
    } else if consumed > Self.freeRequestSize {
      input.removeFirst(consumed)
      consumed = 0
    }
  }

  func reply(_ bytes: [UInt8]) {
    precondition(!hasOutput, "one answer at a time")
    output = bytes
    sent = 0
  }

  /// Sends what the socket takes. False when the connection is broken.
  func flush() -> Bool {
    while hasOutput {
      let count = output.withUnsafeBytes { raw in
        send(descriptor, raw.baseAddress! + sent, raw.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        if errno == EINTR { continue }
        return errno == EAGAIN || errno == EWOULDBLOCK
      }
      sent += count
      lastActivity = Clock.steadyNanoseconds()
    }
    output = []
    sent = 0
    return true
  }
}
