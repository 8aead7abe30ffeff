import MillBase
import MillColumns
import MillLog
import Synchronization

/// Spark's sink `kafka`: rows become records.
///
/// Spark's is at-least-once. Here a micro-batch is one Kafka transaction, in which the group `millrace-sink-QUERYID` also
/// commits the micro-batch's id + 1 as an offset: one that comes again is found there and passed over. That holds for
/// consumers with `isolation.level=read_committed`, and as long as the server keeps the group's offset
/// (`offsets.retention.minutes`). `kafka.enable.idempotence` false or `kafka.acks` other than `all` ask for less: then it
/// is at-least-once, as in Spark.
public final class KafkaSink: StreamSink {
  public let description = "KafkaSink"

  private struct State {
    /// Set by the query.
    var transactionalID: String?
    var producer: (any RecordProducer)?
    /// The last micro-batch that is in the log; −1 = none that is known of.
    var written: Int64 = -1
  }
  private let rows: KafkaRows
  private let log: any ProducingLog
  private let hasTransactions: Bool
  private let state: Mutex<State>

  /// - Parameters:
  ///   - options: `kafka.bootstrap.servers`, `topic`, and `kafka.` properties of producers.
  ///   - log: of bootstrap servers, with client properties.
  /// - Throws: `.configuration` in Spark's words for a column that is missing or of another type, and for options.
  public init(
    _ schema: Schema, options: [String: String],
    log: (_ servers: String, _ properties: [String: String]) throws -> any RecordLog
  ) throws {
    let read = try KafkaSinkOptions(options)
    rows = try KafkaRows(schema, topic: read.topic)
    guard let log = try log(read.servers, read.properties) as? any ProducingLog else {
      throw MillError(.configuration, "the log at \(read.servers) can't be written through the Kafka protocol")
    }
    self.log = log
    hasTransactions = read.hasTransactions
    state = Mutex(State(transactionalID: read.transactionalID))
  }

  public func begin(queryId: String) throws {
    state.withLock { if $0.transactionalID == nil { $0.transactionalID = "millrace-sink-\(queryId)" } }
  }

  public func end() {
    state.withLock { state in
      state.producer?.close()
      state.producer = nil
    }
  }

  public func addBatch(id: Int64, _ batch: MicroBatch) throws {
    try state.withLock { state in
      do {
        if state.producer == nil { try open(&state) }
        guard id > state.written else {
          Log.info("query", "micro-batch \(id) is in the log already")
          return
        }
        try write(id, batch, &state)
      } catch {
        // What became of a transaction that failed, a new producer finds out: it reads the group's offsets again.
        state.producer?.close()
        state.producer = nil
        throw error
      }
    }
  }

  /// Rows of a batch; without a transaction, as in Spark.
  func write(_ rows: BatchTarget.Rows) throws {
    let producer = try log.producer(transactionalID: nil)
    defer { producer.close() }
    try rows { batch in if !batch.isEmpty { try producer.send(self.rows.records(batch)) } }
  }

  private func open(_ state: inout State) throws {
    guard hasTransactions, let id = state.transactionalID else {
      state.producer = try log.producer(transactionalID: nil)
      return
    }
    // First, so that no transaction of before is open any more.
    state.producer = try log.producer(transactionalID: id)
    let places = try log.topics().map { TopicPartition($0.name, 0) }
    state.written = (try log.committed(group: id, places).values.max() ?? 0) - 1
  }

  private func write(_ id: Int64, _ batch: MicroBatch, _ state: inout State) throws {
    let producer = state.producer!
    var first: String?
    do {
      while let rows = try batch.next() {
        let records = try self.rows.records(rows)
        if first == nil {
          first = records[0].topic
          if hasTransactions { try producer.beginTransaction() }
        }
        try producer.send(records)
      }
    } catch {
      // Readers would wait for its end until it times out.
      if first != nil, hasTransactions {
        do { try producer.abortTransaction() } catch { Log.warning("query", "micro-batch \(id): \(error)") }
      }
      throw error
    }
    guard let first, hasTransactions, let group = state.transactionalID else { return }
    try producer.commitTransaction(group: group, [TopicPartition(first, 0): id + 1])
    state.written = id
  }
}

/// The options of the sink kafka.
private struct KafkaSinkOptions {
  var servers: String
  var topic: String?
  var properties: [String: String] = [:]
  var hasTransactions = true
  var transactionalID: String?

  private static let keys = ["kafka.bootstrap.servers", "topic", "includeHeaders"]

  init(_ options: [String: String]) throws {
    var servers: String?
    for (key, value) in options.sorted(by: { $0.key < $1.key }) {
      switch key.lowercased() {
      case "kafka.bootstrap.servers": servers = value
      case "topic": topic = value
      // A column of that name is written anyway, as in Spark.
      case "includeheaders": break
      case "kafka.key.serializer", "kafka.value.serializer":
        let what = key.lowercased().hasPrefix("kafka.key") ? "keys" : "values"
        throw MillError(
          .configuration,
          "Kafka option '\(key.dropFirst(6))' is not supported as \(what) are serialized with ByteArraySerializer.")
      case "kafka.transactional.id": transactionalID = value
      case let name where name.hasPrefix("kafka."):
        properties[String(key.dropFirst(6))] = value
        if name == "kafka.enable.idempotence", value.lowercased() == "false" { hasTransactions = false }
        if name == "kafka.acks", value != "all", value != "-1" { hasTransactions = false }
      default:
        throw MillError(
          .configuration, "the sink kafka has no option \(key)", wayOut: Nearest.advice(for: key, among: Self.keys))
      }
    }
    guard let servers, !servers.isEmpty else {
      throw MillError(
        .configuration, "Option 'kafka.bootstrap.servers' must be specified for configuring Kafka producer",
        wayOut: "write kafka.bootstrap.servers 'host:9092'")
    }
    self.servers = servers
  }
}
