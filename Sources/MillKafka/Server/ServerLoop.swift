import CRdKafka
import Glibc
import MillBase
import MillLog
import Synchronization

/// One thread that serves its share of the connections.
///
/// Its fields but `inbox` and `parkedCount` are touched by its own thread only.
final class ServerLoop: @unchecked Sendable {
  // @unchecked: see above; the inbox is how other threads talk to it.
  private struct Inbox {
    var arrivals: [(descriptor: Int32, peer: String, endpoint: Int)] = []
    var appended: Set<TopicPartition> = []
    var replies: [(connection: UInt64, bytes: [UInt8])] = []
    var isStopping = false
  }
  private static let wakeID: UInt64 = 0

  /// One listener's side of the server: how connections are guarded, and what they are told.
  struct Endpoint: Sendable {
    let security: ListenerSecurity
    let handler: RequestHandler
  }
  private static let receiveSize = 256 << 10
  private static let sweepInterval: UInt64 = 5_000_000_000
  /// How often connections that wait for memory look again.
  private static let retryInterval: UInt64 = 20_000_000

  private let number: Int
  private let endpoints: [Endpoint]
  private let options: ServerOptions
  private let budget: ServerBudget
  private let epoll: Int32
  private let wake: Int32
  private let inbox = Mutex(Inbox())
  /// Fetches that wait for records here: appends need not wake the loop when there are none.
  private let parkedCount = Atomic<Int>(0)
  private let worker = Mutex<Worker?>(nil)

  /// One of each endpoint; the events of number n carry the id n + 1.
  private var listenSockets: [Int32] = []
  private var peers: [ServerLoop] = []
  private var nextPeer = 0
  private var connections: [UInt64: Connection] = [:]
  private var nextID: UInt64
  private var lastSweep = Clock.steadyNanoseconds()
  private let receiveBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: receiveSize, alignment: 16)

  init(_ number: Int, endpoints: [Endpoint], options: ServerOptions, budget: ServerBudget) throws {
    self.number = number
    self.endpoints = endpoints
    nextID = UInt64(endpoints.count) + 1
    self.options = options
    self.budget = budget
    epoll = try System.call("epoll_create", "kafka server") { epoll_create1(Int32(EPOLL_CLOEXEC)) }
    wake = try System.call("eventfd", "kafka server") {
      eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    }
  }

  deinit {
    close(epoll)
    close(wake)
    receiveBuffer.deallocate()
  }

  // MARK: From other threads

  /// - Parameter sockets: one of each endpoint; this loop accepts from them and hands connections to all `loops` in turn.
  func start(accepting sockets: [Int32] = [], spreadingOver loops: [ServerLoop] = []) {
    listenSockets = sockets
    peers = loops
    worker.withLock { $0 = Worker("kafka-\(number)") { [self] _ in run() } }
  }

  func stop() {
    inbox.withLock { $0.isStopping = true }
    wakeUp()
  }

  func join() { worker.withLock { $0 }?.join() }

  func noteAppend(_ topicPartition: TopicPartition) {
    if parkedCount.load(ordering: .sequentiallyConsistent) == 0 { return }
    if inbox.withLock({ $0.appended.insert(topicPartition).inserted }) { wakeUp() }
  }

  /// Delivers an answer that was promised with ``RequestHandler/Answer/later``.
  func reply(_ bytes: [UInt8], to connection: UInt64) {
    inbox.withLock { $0.replies.append((connection, bytes)) }
    wakeUp()
  }

  private func add(_ descriptor: Int32, _ peer: String, _ endpoint: Int) {
    inbox.withLock { $0.arrivals.append((descriptor, peer, endpoint)) }
    wakeUp()
  }

  private func wakeUp() {
    var one: UInt64 = 1
    // EAGAIN means that it is awake already.
    _ = write(wake, &one, 8)
  }

  // MARK: The loop

  private func run() {
    watch(wake, Self.wakeID, EPOLLIN.rawValue, EPOLL_CTL_ADD)
    for (number, socket) in listenSockets.enumerated() {
      watch(socket, UInt64(number) + 1, EPOLLIN.rawValue, EPOLL_CTL_ADD)
    }
    var events = [epoll_event](repeating: epoll_event(), count: 256)
    while !readInbox() {
      let count = epoll_wait(epoll, &events, Int32(events.count), timeout())
      for index in 0..<max(0, Int(count)) { handle(events[index].data.u64, events[index].events) }
      expire()
    }
    for socket in listenSockets { close(socket) }
    for connection in Array(connections.values) { drop(connection, nil) }
    peers = []
  }

  private func watch(_ descriptor: Int32, _ id: UInt64, _ events: UInt32, _ operation: Int32) {
    var event = epoll_event()
    event.events = events
    event.data.u64 = id
    if epoll_ctl(epoll, operation, descriptor, &event) != 0 {
      Log.error("kafka", "epoll_ctl: \(String(cString: strerror(errno)))")
    }
  }

  /// Milliseconds until something has to be looked at without an event.
  private func timeout() -> Int32 {
    if connections.isEmpty { return -1 }
    let now = Clock.steadyNanoseconds()
    var next = lastSweep + Self.sweepInterval
    let isFull = budget.isFullOfResponses
    for connection in connections.values {
      if let parked = connection.parked {
        next = min(next, max(parked.deadline, isFull ? now + Self.retryInterval : 0))
      }
      if connection.isStarved { next = min(next, now + Self.retryInterval) }
      if let refusal = connection.refusal { next = min(next, refusal.due) }
    }
    return next <= now ? 0 : Int32((next - now) / 1_000_000 + 1)
  }

  private func handle(_ id: UInt64, _ events: UInt32) {
    switch id {
    case 1...UInt64(endpoints.count): accept(Int(id) - 1)
    case Self.wakeID:
      var value: UInt64 = 0
      _ = read(wake, &value, 8)
    default:
      guard let connection = connections[id] else { return }
      if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { return drop(connection, nil) }
      if events & EPOLLOUT.rawValue != 0, !connection.flush() { return drop(connection, nil) }
      // What was sent before the other side closed is still served.
      if events & EPOLLIN.rawValue != 0 {
        guard receive(connection) else { return }
      } else if events & EPOLLRDHUP.rawValue != 0 {
        return drop(connection, nil)
      }
      serve(connection)
    }
  }

  // MARK: Connections

  private func accept(_ endpoint: Int) {
    while true {
      let (descriptor, peer) = Self.acceptOne(listenSockets[endpoint])
      if descriptor < 0 {
        if errno == EINTR || errno == ECONNABORTED { continue }
        if errno != EAGAIN { Log.error("kafka", "accept: \(String(cString: strerror(errno)))") }
        // Out of files: others have to close first; don't spin meanwhile.
        if errno == EMFILE || errno == ENFILE { usleep(10_000) }
        return
      }
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      if budget.openConnections.load(ordering: .relaxed) >= options.connectionsMax {
        Log.warning("kafka", "connection from \(peer) refused: max.connections is \(options.connectionsMax)")
        close(descriptor)
        continue
      }
      budget.openConnections.add(1, ordering: .relaxed)
      var yes: Int32 = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
      peers[nextPeer % peers.count].add(descriptor, peer, endpoint)
      nextPeer += 1
    }
  }

  /// As `accept(2)`, with the other side's address as text.
  private static func acceptOne(_ listenSocket: Int32) -> (descriptor: Int32, peer: String) {
    var storage = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        let descriptor = Glibc.accept(listenSocket, pointer, &size)
        if descriptor < 0 { return (descriptor, "") }
        var host = [CChar](repeating: 0, count: 64)
        var port = [CChar](repeating: 0, count: 8)
        getnameinfo(
          pointer, size, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
        func text(_ characters: [CChar]) -> String {
          String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return (descriptor, Address(host: text(host), port: UInt16(text(port)) ?? 0).description)
      }
    }
  }

  /// True when the loop is to end.
  private func readInbox() -> Bool {
    let news = inbox.withLock { inbox in
      defer { inbox = Inbox(isStopping: inbox.isStopping) }
      return inbox
    }
    for (descriptor, peer, endpoint) in news.arrivals { open(descriptor, peer, endpoints[endpoint]) }
    for (id, bytes) in news.replies {
      guard let connection = connections[id] else { continue }
      connection.isDeferred = false
      connection.reply(bytes)
      serve(connection)
    }
    if !news.appended.isEmpty {
      for connection in Array(connections.values) {
        guard let parked = connection.parked, parked.concerns(news.appended) else { continue }
        tryParked(connection, parked, isDue: false)
      }
    }
    return news.isStopping
  }

  private func open(_ descriptor: Int32, _ peer: String, _ endpoint: Endpoint) {
    do {
      let connection = try Connection(
        id: nextID, descriptor: descriptor, peer: peer, endpoint: endpoint, options: options, budget: budget)
      nextID += 1
      connections[connection.id] = connection
      connection.interest = EPOLLIN.rawValue | EPOLLRDHUP.rawValue
      watch(descriptor, connection.id, connection.interest, EPOLL_CTL_ADD)
    } catch {
      Log.error("kafka", "connection from \(peer) closed: \(error)")
      close(descriptor)
      budget.openConnections.subtract(1, ordering: .relaxed)
    }
  }

  /// Reads what is there; false when the connection is gone.
  private func receive(_ connection: Connection) -> Bool {
    while true {
      let count = recv(connection.descriptor, receiveBuffer.baseAddress, receiveBuffer.count, 0)
      if count > 0 {
        do {
          if try connection.receive(UnsafeRawBufferPointer(rebasing: receiveBuffer[..<count])) { return true }
          drop(connection, nil)
        } catch {
          drop(connection, "\(error)")
        }
        return false
      }
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN || errno == EWOULDBLOCK { return true }
      drop(connection, nil)
      return false
    }
  }

  /// Answers the requests that are there, one after the other, as long as the client takes the answers.
  private func serve(_ connection: Connection) {
    do {
      guard connection.flush() else { return drop(connection, nil) }
      while !connection.isBusy, let frame = try connection.nextFrame() {
        let size = frame.count
        let answer = try answer(frame, of: connection)
        connection.consume(size)
        switch answer {
        case .now(let bytes): connection.reply(bytes)
        case .nothing: break
        case .later: connection.isDeferred = true
        case .wait(let fetch): park(connection, fetch)
        }
        guard connection.flush() else { return drop(connection, nil) }
      }
      if connection.closesAfterOutput, !connection.hasOutput { return drop(connection, nil) }
      updateInterest(connection)
    } catch {
      drop(connection, "\(error)")
    }
  }

  private func answer(_ frame: ArraySlice<UInt8>, of connection: Connection) throws -> RequestHandler.Answer {
    switch try connection.gate.check(frame) {
    case .pass: break
    case .answer(let bytes): return .now(bytes)
    case .refuse(let bytes, let reason):
      Log.warning("kafka", "connection from \(connection.peer): \(reason)")
      let delay = UInt64(max(0, options.authenticationDelay / .nanoseconds(1)))
      connection.refusal = (bytes, Clock.steadyNanoseconds() + delay)
      return .nothing
    }
    return try connection.handler.answer(frame, later: { [id = connection.id] bytes in self.reply(bytes, to: id) })
  }

  private func updateInterest(_ connection: Connection) {
    var interest = EPOLLRDHUP.rawValue
    if connection.wantsInput { interest |= EPOLLIN.rawValue }
    if connection.hasOutput { interest |= EPOLLOUT.rawValue }
    guard interest != connection.interest else { return }
    connection.interest = interest
    watch(connection.descriptor, connection.id, interest, EPOLL_CTL_MOD)
  }

  private func drop(_ connection: Connection, _ reason: String?) {
    if let reason { Log.warning("kafka", "connection from \(connection.peer) closed: \(reason)") }
    if connection.parked != nil { parkedCount.subtract(1, ordering: .relaxed) }
    connections[connection.id] = nil
    budget.openConnections.subtract(1, ordering: .relaxed)
  }

  // MARK: Fetches that wait

  private func park(_ connection: Connection, _ fetch: FetchWait) {
    connection.parked = fetch
    parkedCount.add(1, ordering: .sequentiallyConsistent)
    // Records that came since the first look were not announced: look once more.
    if let bytes = connection.handler.retry(fetch, isDue: false) { unpark(connection, bytes) }
  }

  private func tryParked(_ connection: Connection, _ fetch: FetchWait, isDue: Bool) {
    // Its turn comes when others have taken their answers.
    if budget.isFullOfResponses { return }
    guard let bytes = connection.handler.retry(fetch, isDue: isDue) else { return }
    unpark(connection, bytes)
    serve(connection)
  }

  private func unpark(_ connection: Connection, _ bytes: [UInt8]) {
    connection.parked = nil
    parkedCount.subtract(1, ordering: .relaxed)
    connection.reply(bytes)
  }

  /// Fetches and refusals whose time has come, connections that wait for memory, have gone silent or never say who
  /// they are.
  private func expire() {
    let now = Clock.steadyNanoseconds()
    for connection in Array(connections.values) {
      if let parked = connection.parked, parked.deadline <= now { tryParked(connection, parked, isDue: true) }
      if let refusal = connection.refusal, refusal.due <= now {
        connection.refusal = nil
        connection.closesAfterOutput = true
        connection.reply(refusal.bytes)
        serve(connection)
      } else if connection.isStarved {
        serve(connection)
      }
    }
    guard now - lastSweep >= Self.sweepInterval else { return }
    lastSweep = now
    let isFull = budget.isFullOfResponses
    for connection in Array(connections.values) {
      let silence = Duration.nanoseconds(now - min(now, connection.lastActivity))
      if silence > options.idleMax {
        drop(connection, "silent for \(options.idleMax)")
      } else if isFull, connection.hasLargeOutput, silence > options.responseStallMax {
        drop(connection, "it takes nothing of its answer, and others wait for the memory")
      } else if !connection.gate.isPassed, Duration.nanoseconds(now - connection.opened) > options.authenticationMax {
        drop(connection, "not authenticated after \(options.authenticationMax)")
      }
    }
  }
}
