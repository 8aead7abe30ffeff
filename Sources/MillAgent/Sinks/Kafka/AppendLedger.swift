import MillBase
import MillLog

/// What makes the way from a source into a topic exactly once.
///
/// Every record carries the origin of its event in the header `millrace.origin`. The ledger remembers, for each
/// topic-partition, an offset before which every record's source has written down that it is past it. After a crash
/// a source reads again what it had not written down; the records from that offset to the end of the partition say
/// what of it is there already.
struct AppendLedger {
  static let originHeader = "millrace.origin"

  /// The ledger is written at most this often; an old one only makes the next look back longer.
  static let writeInterval: UInt64 = 1_000_000_000
  /// More records than this between the noted offset and the end are not looked at.
  static let scanRecordsMax = 4_000_000

  private let path: String
  /// Where to begin looking after a restart.
  private var starts: [TopicPartition: Int64] = [:]
  /// Appended, in order: not to be forgotten before the source has settled the delivery.
  private var open: [(delivery: Delivery, topicPartition: TopicPartition, next: Int64)] = []
  private var head = 0
  private var isDirty = false
  private var written: UInt64 = 0
  /// Origins that are in the log already and will come once more.
  private var present: Set<String> = []

  init(path: String) throws {
    self.path = path
    guard Files.exists(path) else { return }
    let document = try JSONValue(parsing: try Files.read(path), file: path)
    for item in document["targets"]?.array ?? [] {
      guard let topic = item["topic"]?.string, let partition = item["partition"]?.integer,
        let offset = item["offset"]?.integer
      else {
        throw MillError(
          .corrupt, "this is not a ledger of appended records", at: .init(file: path),
          wayOut: "delete it: events that were on their way may then be appended twice")
      }
      starts[TopicPartition(topic, Int32(partition))] = offset
    }
  }

  /// Collects the origins of records that were appended and perhaps not written down by their source.
  mutating func look(into log: any RecordLog) throws {
    for topicPartition in starts.keys {
      guard let topic = try log.topic(topicPartition.topic), topicPartition.partition < topic.partitions else {
        continue
      }
      present.formUnion(try origins(in: log, topicPartition))
    }
  }

  /// The origins of the records from the noted offset to the end of a partition.
  mutating func origins(in log: any RecordLog, _ topicPartition: TopicPartition) throws -> Set<String> {
    let (first, end) = try log.offsets(topicPartition)
    // A start past the end: the topic was made anew.
    if let start = starts[topicPartition], start > end { starts[topicPartition] = first }
    var offset = max(first, starts[topicPartition] ?? first)
    var origins: Set<String> = []
    if end - offset > Self.scanRecordsMax {
      Log.warning(
        "agent",
        "\(topicPartition): \(end - offset) records came since the agent last wrote down its progress; it looks for "
          + "its own among the last \(Self.scanRecordsMax) only")
      offset = end - Int64(Self.scanRecordsMax)
    }
    while offset < end {
      let batch = try log.read(topicPartition, from: offset, maxBytes: 1 << 20, wait: .seconds(1))
      guard batch.nextOffset > offset else { break }
      for index in 0..<batch.count {
        if let origin = batch.headers(index).first(where: { $0.key == Self.originHeader })?.value {
          origins.insert(String(decoding: origin, as: UTF8.self))
        }
      }
      offset = batch.nextOffset
    }
    return origins
  }

  /// True once for an event that is in the log already.
  mutating func isPresent(_ origin: String) -> Bool { present.remove(origin) != nil }

  /// Before the first append to a partition: on the disk, so that a crash right after it is seen.
  mutating func begin(_ topicPartition: TopicPartition, log: any RecordLog) throws {
    if starts[topicPartition] != nil { return }
    starts[topicPartition] = try log.offsets(topicPartition).end
    do { try write() } catch {
      starts[topicPartition] = nil
      throw error
    }
  }

  /// The events' records are at `base` and the offsets after it.
  mutating func appended(_ events: some Sequence<Event>, to topicPartition: TopicPartition, base: Int64) {
    var next = base
    for event in events {
      next += 1
      guard let delivery = event.delivery else { continue }
      if let last = open.last, last.delivery === delivery, last.topicPartition == topicPartition {
        open[open.count - 1].next = next
      } else {
        open.append((delivery, topicPartition, next))
      }
    }
  }

  /// Moves past what sources have settled.
  mutating func advance(force: Bool = false) throws {
    while head < open.count, open[head].delivery.isSettled {
      starts[open[head].topicPartition] = open[head].next
      head += 1
      isDirty = true
    }
    if head > 1024 || head == open.count {
      open.removeFirst(head)
      head = 0
    }
    guard isDirty, force || Clock.steadyNanoseconds() - written >= Self.writeInterval else { return }
    try write()
  }

  private mutating func write() throws {
    let targets = starts.sorted { $0.key < $1.key }.map { topicPartition, offset in
      JSONValue.object([
        "topic": .string(topicPartition.topic), "partition": .integer(Int64(topicPartition.partition)),
        "offset": .integer(offset),
      ])
    }
    written = Clock.steadyNanoseconds()
    try Files.makeDirectory(Files.split(path).directory)
    try Files.writeAtomically(JSONValue.object(["version": 1, "targets": .array(targets)]).bytes(), to: path)
    isDirty = false
  }
}
