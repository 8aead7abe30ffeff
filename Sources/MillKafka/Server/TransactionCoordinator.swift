import MillBase
import MillLog
import Synchronization

/// All producers with a transactional id. Each step is written down before it counts: a transaction whose end was
/// decided is ended after a restart too, an open one at its time-out.
final class TransactionCoordinator: Sendable {
  /// Kafka's `transaction.max.timeout.ms`.
  static let timeouts: ClosedRange<Int32> = 1...900_000
  /// Above this, the transactional ids that were silent longest are forgotten, as Kafka does after a week.
  static let idsMax = 10_000
  private static let tick = Duration.milliseconds(100)

  /// Who asks.
  struct Producer {
    var transactionalID: String
    var id: Int64
    var epoch: Int16
  }

  private struct State {
    var transactions: [String: TransactionState]
    var isStopping = false
    /// Whose last transaction has ended since the coordinator's log was flushed.
    var unflushedEnds: Set<String> = []

    var hasOpen: Bool { transactions.values.contains { $0.isOpen } }
  }

  private let log: LocalLog
  private let state: Monitor<State>
  private let clock = Mutex<Worker?>(nil)
  private let nextProducerID: Atomic<Int64>

  init(log: LocalLog) {
    self.log = log
    // Ids have to differ from those given before a restart: milliseconds since 1970, with room for a thousand each.
    nextProducerID = Atomic(Clock.nowMilliseconds() * 1000)
    let restored = State(transactions: log.transactions)
    let hasOpen = restored.hasOpen
    state = Monitor(restored)
    abortOrphans()
    if hasOpen { startClock() }
  }

  /// A power cut may keep records of a transaction and lose what the coordinator knew of it, or the end of one that was
  /// not flushed: nobody would end it any more, and readers would wait for ever.
  private func abortOrphans() {
    let known = Dictionary(
      state.withLock { $0.transactions }.values.map { ($0.producerID, $0.isOpen ? $0.partitions : []) },
      uniquingKeysWith: { $0.union($1) })
    let orphans = log.openTransactions().flatMap { partition, producers in
      producers.filter { known[$0.producerID]?.contains(partition) != true }
        .map { (partition: partition, producer: $0.producerID, epoch: $0.epoch) }
    }
    // Its producer may still be there, and would hear that a commit has succeeded: of the transaction before.
    fence(Set(orphans.map(\.producer)))
    for (partition, producer, epoch) in orphans {
      Log.warning("kafka", "\(partition): an open transaction of producer \(producer) that nobody knows is aborted")
      do { try log.endTransaction(producerID: producer, epoch: epoch, isCommit: false, in: partition) } catch {
        Log.error("kafka", "\(partition): \(error)")
      }
    }
  }

  /// Raises the epochs of these producers, and aborts what they have open; what was decided stays so.
  private func fence(_ producers: Set<Int64>) {
    if producers.isEmpty { return }
    state.withLock { state in
      for (id, transaction) in state.transactions
      where producers.contains(transaction.producerID) && transaction.phase != .prepareCommit
        && transaction.phase != .prepareAbort
      {
        do {
          try bumpEpoch(id, &state)
          if transaction.phase == .ongoing { try decide(id, isCommit: false, &state) }
        } catch { Log.error("kafka", "transaction of \(id): \(error)") }
      }
      do { try log.flushTransactions() } catch { Log.error("kafka", "\(error)") }
    }
  }

  func stop() {
    state.withLock { $0.isStopping = true }
    let worker = clock.withLock { worker in
      defer { worker = nil }
      return worker
    }
    worker?.stop()
    worker?.join()
  }

  /// Started with the first transaction: a server without them has no such thread.
  private func startClock() {
    clock.withLock { worker in
      guard worker == nil else { return }
      worker = Worker("kafka-transactions") { [self] stop in
        repeat {
          expire(now: Clock.nowMilliseconds())
          // Without open transactions there is no time to keep.
          state.wait { $0.hasOpen || $0.isStopping ? () : nil }
        } while !stop.wait(Self.tick)
      }
    }
  }

  /// Ends what was decided and could not be ended, and aborts what has been open too long.
  func expire(now: Int64) {
    state.withLock { state in
      for (id, transaction) in state.transactions {
        do {
          switch transaction.phase {
          case .prepareCommit, .prepareAbort: try finish(id, &state)
          case .ongoing where now - transaction.started > Int64(transaction.timeout):
            Log.warning("kafka", "transaction of \(id) aborted: open for more than \(transaction.timeout) ms")
            try bumpEpoch(id, &state)
            try decide(id, isCommit: false, &state)
          default: break
          }
        } catch { Log.error("kafka", "transaction of \(id): \(error)") }
      }
    }
  }

  func newProducerID() -> Int64 { nextProducerID.add(1, ordering: .relaxed).oldValue }

  // MARK: Requests

  /// Gives the producer its id and a new epoch: from here on whoever had the transactional id before is fenced, and
  /// what it left open is aborted.
  ///
  /// - Parameter known: what the producer has, when it asks for a new epoch only.
  func begin(
    _ id: String, timeout: Int32, known: (id: Int64, epoch: Int16)?
  ) throws -> (ErrorCode, id: Int64, epoch: Int16) {
    if id.isEmpty { return (.invalidRequest, -1, -1) }
    guard Self.timeouts.contains(timeout) else { return (.invalidTransactionTimeout, -1, -1) }
    return try state.withLock { state in
      if let found = state.transactions[id] {
        let isRetry = known.map { $0.id == found.previousID && $0.epoch == found.previousEpoch } ?? false
        if let known, !isRetry || found.phase == .ongoing {
          guard known.id == found.producerID, known.epoch == found.epoch else { return (.producerFenced, -1, -1) }
        }
        if found.phase == .prepareCommit || found.phase == .prepareAbort { try finish(id, &state) }
        // The answer to a first request was lost (KIP-360): the same again.
        if !isRetry { try bumpEpoch(id, known: known, &state) }
        if found.phase == .ongoing { try decide(id, isCommit: false, &state) }
      } else {
        if let known, known.id >= 0 { return (.invalidProducerIDMapping, -1, -1) }
        try makeRoom(&state)
        try save(id, TransactionState(producerID: newProducerID(), epoch: 0, timeout: timeout), &state)
      }
      var transaction = state.transactions[id]!
      if transaction.timeout != timeout || transaction.phase != .empty {
        transaction.timeout = timeout
        transaction.phase = .empty
        try save(id, transaction, &state)
      }
      // A power cut must not give an epoch a second time, nor let a fenced producer in again.
      try log.flushTransactions()
      return (.none, transaction.producerID, transaction.epoch)
    }
  }

  func add(_ partitions: [TopicPartition], _ producer: Producer) throws -> ErrorCode {
    let code = try change(producer) { $0.partitions.formUnion(partitions) }
    if code == .none, log.flushesEachAppend(Set(partitions)) {
      try state.withLock { state in
        if state.unflushedEnds.contains(producer.transactionalID) { try flushEnds(&state) }
      }
    }
    return code
  }

  func add(group: String, _ producer: Producer) throws -> ErrorCode {
    try change(producer) { if $0.offsets[group] == nil { $0.offsets[group] = [:] } }
  }

  /// Keeps a group's offsets for the commit.
  func add(
    _ offsets: [TopicPartition: CommittedOffset], ofGroup group: String, _ producer: Producer
  ) throws -> ErrorCode {
    try state.withLock { state in
      if let refusal = refusal(producer, state) { return refusal }
      var transaction = state.transactions[producer.transactionalID]!
      guard transaction.phase == .ongoing, transaction.offsets[group] != nil else { return .invalidTransactionState }
      transaction.offsets[group]!.merge(offsets) { $1 }
      try save(producer.transactionalID, transaction, &state)
      return .none
    }
  }

  func end(_ producer: Producer, isCommit: Bool) throws -> ErrorCode {
    try state.withLock { state in
      if let refusal = refusal(producer, state) { return refusal }
      switch state.transactions[producer.transactionalID]!.phase {
      case .ongoing: try decide(producer.transactionalID, isCommit: isCommit, &state)
      // The answer to the first request was lost.
      case .completeCommit where isCommit, .completeAbort where !isCommit: break
      default: return .invalidTransactionState
      }
      return .none
    }
  }

  /// Runs the body, which appends the producer's records, when the transaction is open and has the partition. It can't
  /// end in between.
  func append(
    _ producer: Producer, to partition: TopicPartition, _ body: () throws -> Void
  ) throws -> ErrorCode {
    try state.withLock { state in
      if let refusal = refusal(producer, state) { return refusal == .producerFenced ? .invalidProducerEpoch : refusal }
      let transaction = state.transactions[producer.transactionalID]!
      guard transaction.phase == .ongoing, transaction.partitions.contains(partition) else {
        return .invalidTransactionState
      }
      try body()
      return .none
    }
  }

  /// Partitions whose offsets an open transaction may still change.
  func pendingOffsets(ofGroup group: String) -> Set<TopicPartition> {
    state.withLock { state in
      state.transactions.values.reduce(into: []) { $0.formUnion($1.offsets[group].map { Array($0.keys) } ?? []) }
    }
  }

  // MARK: Steps

  private func refusal(_ producer: Producer, _ state: State) -> ErrorCode? {
    guard let transaction = state.transactions[producer.transactionalID], transaction.producerID == producer.id else {
      return .invalidProducerIDMapping
    }
    if transaction.epoch != producer.epoch { return .producerFenced }
    return transaction.phase == .prepareCommit || transaction.phase == .prepareAbort ? .concurrentTransactions : nil
  }

  /// Adds something to the transaction, which begins with it if none is open.
  private func change(_ producer: Producer, _ body: (inout TransactionState) -> Void) throws -> ErrorCode {
    let code = try state.withLock { state -> ErrorCode in
      if let refusal = refusal(producer, state) { return refusal }
      var transaction = state.transactions[producer.transactionalID]!
      if transaction.phase != .ongoing {
        transaction.phase = .ongoing
        transaction.started = Clock.nowMilliseconds()
      }
      body(&transaction)
      if transaction != state.transactions[producer.transactionalID] {
        try save(producer.transactionalID, transaction, &state)
      }
      return .none
    }
    if code == .none { startClock() }
    return code
  }

  /// - Parameter known: what the producer has that asks for it; nil when it is another one, or the coordinator.
  private func bumpEpoch(_ id: String, known: (id: Int64, epoch: Int16)? = nil, _ state: inout State) throws {
    var transaction = state.transactions[id]!
    (transaction.previousID, transaction.previousEpoch) = known.map { ($0.id, $0.epoch) } ?? (-1, -1)
    // The last epoch is never given out, so that an open transaction can always be fenced.
    if transaction.epoch >= .max - 1, transaction.phase != .ongoing {
      transaction.producerID = newProducerID()
      transaction.epoch = 0
    } else if transaction.epoch < .max {
      transaction.epoch += 1
    }
    try save(id, transaction, &state)
  }

  /// The point of no return. Of a commit to partitions that are flushed with each append, it is on the disk before any
  /// marker is, with all records: a power cut leaves the transaction whole or takes all of it.
  private func decide(_ id: String, isCommit: Bool, _ state: inout State) throws {
    var transaction = state.transactions[id]!
    transaction.phase = isCommit ? .prepareCommit : .prepareAbort
    let isDurable = isCommit && log.flushesEachAppend(transaction.partitions)
    if isDurable { try log.flush(transaction.partitions) }
    try save(id, transaction, &state)
    if isDurable { try log.flushTransactions() }
    try finish(id, &state)
  }

  /// Writes the markers and the offsets of a decided transaction; doing it twice does no harm.
  private func finish(_ id: String, _ state: inout State) throws {
    var transaction = state.transactions[id]!
    let isCommit = transaction.phase == .prepareCommit
    let isDurable = log.flushesEachAppend(transaction.partitions)
    for partition in transaction.partitions.sorted() {
      do {
        try log.endTransaction(
          producerID: transaction.producerID, epoch: transaction.epoch, isCommit: isCommit, in: partition)
      } catch let error as MillError where error.code == .notFound {
        Log.warning("kafka", "transaction of \(id): \(partition) is deleted, its records are lost")
      }
    }
    // Where the end is written down, no marker may be missing.
    if isDurable { try log.flush(transaction.partitions) }
    if isCommit {
      for (group, offsets) in transaction.offsets where !offsets.isEmpty {
        let there = log.committedOffsets(group: group)
        // Of a topic that was deleted meanwhile, none comes back; nor does one that has been committed over since.
        let wanted = offsets.filter { partition, offset in
          (try? log.offsets(partition)) != nil && there[partition].map { $0.timestamp <= offset.timestamp } ?? true
        }
        try log.commit(group: group, wanted, durable: isDurable)
      }
    }
    transaction.partitions = []
    transaction.offsets = [:]
    transaction.phase = isCommit ? .completeCommit : .completeAbort
    try save(id, transaction, &state)
    state.unflushedEnds.insert(id)
    if isDurable, isCommit { try flushEnds(&state) }
  }

  /// A power cut must not bring a commit back to before its end when there are records of the transaction after it: they
  /// would be committed with it.
  private func flushEnds(_ state: inout State) throws {
    try log.flushTransactions()
    state.unflushedEnds = []
  }

  private func save(_ id: String, _ transaction: TransactionState, _ state: inout State) throws {
    var transaction = transaction
    transaction.updated = Clock.nowMilliseconds()
    try log.saveTransaction(id, transaction)
    state.transactions[id] = transaction
  }

  private func makeRoom(_ state: inout State) throws {
    guard state.transactions.count >= Self.idsMax else { return }
    let idle = state.transactions.filter { [.empty, .completeCommit, .completeAbort].contains($0.value.phase) }
    for (id, _) in idle.sorted(by: { $0.value.updated < $1.value.updated }).prefix(Self.idsMax / 2) {
      try log.saveTransaction(id, nil)
      state.transactions[id] = nil
    }
  }
}
