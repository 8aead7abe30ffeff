import Glibc
import MillBase
import MillLog
import Synchronization

@testable import MillKafka

/// A broker with a few clients and without threads that serve them: what ``ServerLoop`` does for a connection, one
/// step after the other.
final class FuzzBroker {
  private static let clientsCount = 3

  let log: LocalLog
  let handler: RequestHandler
  private(set) var clients: [FuzzClient] = []
  var vocabulary = Vocabulary()
  private let directory: String

  /// - Parameter cut: bytes that a client's connection gets at a time.
  init(sasl: SASLUsers?, cut: Int) throws {
    directory = try FuzzFolder.make()
    var logOptions = LogOptions()
    logOptions.housekeeps = false
    log = try LocalLog(directory: directory, options: logOptions)
    try log.createTopic("pop", partitions: 2, configuration: [:])
    try log.createTopic("keys", partitions: 1, configuration: ["cleanup.policy": "compact"])
    _ = try log.append([Record(key: [1], value: Array("one".utf8))], to: TopicPartition("pop", 0), codec: .none)
    var options = ServerOptions()
    options.requestSizeMax = 1 << 20
    handler = RequestHandler(log: log, advertised: Address(host: "127.0.0.1", port: 9092), options: options)
    let budget = ServerBudget(requests: 1 << 22, responses: 1 << 22)
    for number in 0..<Self.clientsCount {
      clients.append(
        try FuzzClient(
          number, self, endpoint: .init(security: ListenerSecurity(sasl: sasl), handler: handler), options: options,
          budget: budget, cut: cut)
      )
    }
  }

  /// - Throws: what the log says about itself when it is looked at after its end.
  func close() throws {
    handler.groups.stop()
    handler.transactions.stop()
    clients = []
    defer { try? Files.removeTree(directory) }
    try log.checkInvariants()
    try log.close()
  }

  /// Answers that came for clients that wait.
  func deliver() throws {
    while let client = clients.first(where: \.hasAnswer) { try client.takeAnswer() }
  }
}

/// One client's connection, and the other end of its socket.
final class FuzzClient {
  /// What the answer has to fit.
  private struct Asked {
    let api: API
    let version: Int16
    let correlationID: Int32
  }

  private unowned let broker: FuzzBroker
  private var connection: Connection?
  private let otherEnd: Int32
  private let cut: Int
  private var asked: Asked?
  private let later = Answers()

  private final class Answers: Sendable {
    let list = Mutex<[[UInt8]]>([])
  }

  init(
    _ number: Int, _ broker: FuzzBroker, endpoint: ServerLoop.Endpoint, options: ServerOptions, budget: ServerBudget,
    cut: Int
  ) throws {
    self.broker = broker
    self.cut = cut
    var ends: [Int32] = [0, 0]
    _ = try System.call("socketpair", "fuzz") {
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends)
    }
    otherEnd = ends[1]
    connection = try Connection(
      id: UInt64(number), descriptor: ends[0], peer: "fuzz", endpoint: endpoint, options: options, budget: budget)
  }

  deinit { Glibc.close(otherEnd) }

  var hasAnswer: Bool { connection != nil && later.list.withLock { !$0.isEmpty } }

  /// Bytes from the network, in pieces, as long as the connection takes them.
  func receive(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty, let connection, connection.wantsInput {
      let piece = rest.prefix(cut)
      rest = rest.dropFirst(cut)
      do {
        _ = try piece.withUnsafeBytes { try connection.receive($0) }
        try serve(connection)
      } catch is MillError {
        // What a listener closes a connection for.
        self.connection = nil
      }
    }
  }

  private func serve(_ connection: Connection) throws {
    while !connection.isBusy, let frame = try connection.nextFrame() {
      let size = frame.count
      asked = nil
      if !connection.gate.takesRawTokens {
        let (header, _) = try RequestHeader.parse(frame)
        asked = API.find(header.apiKey).map {
          // An unknown version of ApiVersions is answered in the oldest form.
          Asked(
            api: $0, version: $0.versions.contains(header.version) ? header.version : 0,
            correlationID: header.correlationID)
        }
      }
      switch try connection.gate.check(frame) {
      case .answer(let bytes):
        connection.consume(size)
        try reply(bytes, connection)
        continue
      case .refuse(let bytes, _):
        connection.consume(size)
        if !bytes.isEmpty { try check(bytes) }
        self.connection = nil
        return
      case .pass: break
      }
      let answer = try broker.handler.answer(
        frame, later: { [later] bytes in later.list.withLock { $0.append(bytes) } })
      connection.consume(size)
      switch answer {
      case .now(let bytes): try reply(bytes, connection)
      case .nothing: break
      case .later: connection.isDeferred = true
      case .wait(let fetch):
        guard let bytes = broker.handler.retry(fetch, isDue: true) else {
          throw FuzzFinding("a fetch that is due got no answer")
        }
        try reply(bytes, connection)
      }
    }
  }

  func takeAnswer() throws {
    guard let connection, let bytes = later.list.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return }
    connection.isDeferred = false
    try reply(bytes, connection)
    do { try serve(connection) } catch is MillError { self.connection = nil }
  }

  /// Sends the answer and takes it out at the other end.
  private func reply(_ bytes: [UInt8], _ connection: Connection) throws {
    try check(bytes)
    connection.reply(bytes)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var taken = 0
    while taken < bytes.count {
      try FuzzFinding.require(connection.flush(), "the connection broke")
      let count = recv(otherEnd, &buffer, buffer.count, 0)
      try FuzzFinding.require(count > 0, "\(bytes.count - taken) bytes of an answer did not come")
      try FuzzFinding.require(buffer[..<count].elementsEqual(bytes[taken..<taken + count]), "an answer changed")
      taken += count
    }
    try FuzzFinding.require(connection.flush() && !connection.hasOutput, "more came than the answer")
  }

  /// The answer is one to the question, and can be read to its end.
  private func check(_ bytes: [UInt8]) throws {
    try FuzzFinding.require(
      bytes.count >= 4 && bytes[..<4].reduce(0) { $0 << 8 | Int($1) } == bytes.count - 4,
      "the length of an answer is wrong: \(bytes.prefix(8))")
    // A SASL token has nothing but its length.
    guard let asked else { return }
    guard let message = ServedMessages.all.first(where: { $0.api == asked.api })?.response else {
      throw FuzzFinding("\(asked.api.name) is not among the messages that are tested")
    }
    let isTagged = asked.api.hasFlexibleResponseHeader(asked.version)
    let start = isTagged ? 9 : 8
    try FuzzFinding.require(
      bytes.count >= start && bytes[4..<8].reduce(0) { $0 << 8 | UInt32($1) } == UInt32(bitPattern: asked.correlationID)
        && (!isTagged || bytes[8] == 0),
      "\(asked.api.name) \(asked.version): the answer's frame is \(bytes.prefix(9))")
    try read(message, bytes[start...], asked)
  }

  private func read<Message: ProtocolStruct>(_: Message.Type, _ body: ArraySlice<UInt8>, _ asked: Asked) throws {
    var reader = MessageReader(body, version: asked.version, isFlexible: asked.api.isFlexible(asked.version))
    do {
      var message = try reader.read(Message.self)
      try FuzzFinding.require(
        reader.remaining == 0, "\(asked.api.name) \(asked.version): \(reader.remaining) bytes left")
      var listener = Listener(vocabulary: broker.vocabulary)
      try message.fields(&listener)
      broker.vocabulary = listener.vocabulary
    } catch let error as MillError {
      throw FuzzFinding("\(asked.api.name) \(asked.version): the answer can't be read: \(error)")
    }
  }
}
