import Glibc
import MillBase

/// One client's socket with what has come in and what has to go out. Belongs to one ``ServerLoop``.
final class Connection {
  /// Requests below this need no share of the memory budget.
  static let freeRequestSize = 64 << 10
  /// What an idle connection keeps of its buffer.
  private static let idleBufferSize = 16 << 10

  let id: UInt64
  let descriptor: Int32
  let peer: String
  let handler: RequestHandler
  private let options: ServerOptions
  private let budget: ServerBudget

  private var input: [UInt8] = []
  private var consumed = 0
  private var reserved = 0
  private var output: [UInt8] = []
  private var sent = 0
  private let tls: TLSSession?

  /// Who the client is, where that matters.
  var gate: SASLGate
  /// The answer to a wrong password, and when it goes (steady clock, nanoseconds); then the connection closes.
  var refusal: (bytes: [UInt8], due: UInt64)?
  var closesAfterOutput = false
  /// Steady clock, nanoseconds.
  let opened = Clock.steadyNanoseconds()
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

  /// Owns the descriptor from here on, unless it throws.
  init(
    id: UInt64, descriptor: Int32, peer: String, endpoint: ServerLoop.Endpoint, options: ServerOptions,
    budget: ServerBudget
  ) throws {
    self.id = id
    self.descriptor = descriptor
    self.peer = peer
    handler = endpoint.handler
    self.options = options
    self.budget = budget
    gate = SASLGate(endpoint.security.sasl)
    tls = try endpoint.security.tls.map { try TLSSession($0) }
  }

  deinit {
    releaseOutput()
    tls?.sayGoodbye(to: descriptor)
    if reserved > 0 { budget.giveBack(reserved) }
    close(descriptor)
  }

  var hasOutput: Bool { sent < output.count || tls?.hasOutput == true }
  /// A large answer that the client has not taken yet.
  var hasLargeOutput: Bool { output.count > Self.freeRequestSize }
  /// No new request is looked at before the last one is answered: that is the back pressure.
  var isBusy: Bool { hasOutput || isDeferred || parked != nil || refusal != nil || closesAfterOutput }
  var wantsInput: Bool { !isBusy && !isStarved }

  /// - Returns: false when the client has said that nothing more comes.
  /// - Throws: when the bytes are no TLS where there should be.
  func receive(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
    lastActivity = Clock.steadyNanoseconds()
    guard let tls else {
      input.append(contentsOf: bytes)
      return true
    }
    return try tls.receive(bytes) { input.append(contentsOf: $0) }
  }

  /// The next whole request, without its length.
  ///
  /// - Throws: `.limit`, `.badInput` for a length that can't be.
  func nextFrame() throws -> ArraySlice<UInt8>? {
    isStarved = false
    let available = input.count - consumed
    guard available >= 4 else { return nil }
    let size = input[consumed..<(consumed + 4)].reduce(0) { $0 << 8 | Int($1) }
    guard size >= (gate.takesRawTokens ? 0 : 8), size < 1 << 31 else {
      throw MillError(.badInput, "a request of \(size) bytes can't be")
    }
    guard size <= options.requestSizeMax else {
      throw MillError(.limit, "a request of \(size) bytes is above socket.request.max.bytes, \(options.requestSizeMax)")
    }
    guard gate.isPassed || size <= options.requestSizeUntilAuthenticated else {
      throw MillError(
        .limit,
        "a request of \(size) bytes before authentication is above sasl.server.max.receive.size, "
          + "\(options.requestSizeUntilAuthenticated)")
    }
    if size > Self.freeRequestSize, reserved == 0 {
      guard budget.take(size) else {
        isStarved = true
        return nil
      }
      reserved = size
      input.reserveCapacity(consumed + 4 + size)
    }
    guard available >= 4 + size else { return nil }
    let frame = input[(consumed + 4)..<(consumed + 4 + size)]
    // Only a fetch's answer is large.
    if frame.starts(with: [0, UInt8(API.fetch.key)]), budget.isFullOfResponses {
      isStarved = true
      return nil
    }
    return frame
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
      input.removeAll(keepingCapacity: input.capacity <= Self.idleBufferSize)
      consumed = 0
    } else if consumed > Self.freeRequestSize {
      input.removeFirst(consumed)
      consumed = 0
    }
  }

  func reply(_ bytes: [UInt8]) {
    precondition(output.isEmpty, "one answer at a time")
    output = bytes
    sent = 0
    if hasLargeOutput { budget.holdResponse(output.count) }
  }

  /// Sends what the socket takes.
  ///
  /// - Returns: false when the connection is broken.
  func flush() -> Bool {
    while hasOutput {
      let count: Int
      if let tls {
        if !tls.hasOutput {
          guard
            let taken = try? output.withUnsafeBytes({ try tls.encrypt(UnsafeRawBufferPointer(rebasing: $0[sent...])) })
          else { return false }
          sent += taken
        }
        count = tls.send(to: descriptor)
      } else {
        count = output.withUnsafeBytes { raw in
          send(descriptor, raw.baseAddress! + sent, raw.count - sent, Int32(MSG_NOSIGNAL))
        }
        if count > 0 { sent += count }
      }
      if count < 0 {
        if errno == EINTR { continue }
        return errno == EAGAIN || errno == EWOULDBLOCK
      }
      lastActivity = Clock.steadyNanoseconds()
    }
    releaseOutput()
    return true
  }

  private func releaseOutput() {
    if hasLargeOutput { budget.releaseResponse(output.count) }
    output = []
    sent = 0
  }
}
