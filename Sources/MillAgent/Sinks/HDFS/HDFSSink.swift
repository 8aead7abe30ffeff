import MillArchive
import MillBase

/// Writes events into files of the archive (Flume's HDFS sink), records of a log once: see ``ArchiveNames``.
///
/// An event is acknowledged when the file that holds it is complete. So a consumer group's offset never passes a
/// record that is in an open file, and a file that a crash leaves open is removed and written again.
final class HDFSSink: EventSink, @unchecked Sendable {
  // @unchecked: everything that changes is touched by the sink's own thread only.

  private let feed: SinkFeed
  private let settings: HDFSSinkSettings
  private let usesOffsetNames: Bool
  private let fileSystem: (String) throws -> (any FileSystem, path: String)
  private var buckets: [BucketKey: Bucket] = [:]
  private var letters: LetterFile
  /// Without escapes every event goes to the same place.
  private var constant: (directory: String, prefix: String)?

  /// Buckets that are remembered; without an open file they cost a listing when they are needed again.
  static let bucketsMax = 5000

  init(
    feed: SinkFeed, settings: HDFSSinkSettings, usesOffsetNames: Bool, stateDirectory: String,
    fileSystem: @escaping (String) throws -> (any FileSystem, path: String)
  ) {
    self.feed = feed
    self.settings = settings
    self.usesOffsetNames = usesOffsetNames
    self.fileSystem = fileSystem
    letters = LetterFile(path: "\(stateDirectory)/dead-letters/\(feed.agent)-\(feed.name).jsonl")
  }

  func start(abandon: Signal) throws {
    if settings.path.isConstant, settings.prefix.isConstant {
      constant = (try settings.path.expand(headers: [:]), try settings.prefix.expand(headers: [:]))
      _ = try fileSystem(constant!.directory)
    }
  }

  func run(stop: Signal, abandon: Signal) throws {
    let retry = Retry(
      who: "\(feed.agent): sink \(feed.name)", abandon: abandon, counters: feed.counters,
      longest: settings.retryLongest)
    while let events = feed.take(max: settings.batchSize, stop: stop, abandon: abandon) {
      for event in events {
        guard try write(event, retry) else { return }
      }
      for bucket in buckets.values where bucket.file?.needsFlush ?? false {
        guard try retry("writing \(bucket.file!.path)", isFinal: Self.isFinal, bucket.file!.flush) != nil else {
          return
        }
      }
      if !events.isEmpty {
        feed.channel.commit(events)
        feed.counters["EventDrainSuccessCount"].add(events.count)
      }
      let now = Clock.steadyNanoseconds()
      for bucket in buckets.values where bucket.isDue(now: now) {
        guard try complete(bucket, retry) else { return }
      }
    }
    for bucket in buckets.values where bucket.file != nil {
      guard try complete(bucket, retry) else { return }
    }
  }

  /// What is in the open file has to be read again.
  private static func isFinal(_ error: MillError) -> Bool { error.code == .lost || error.code == .corrupt }

  /// False when `abandon` was set.
  private func write(_ event: Event, _ retry: Retry) throws -> Bool {
    let place: (directory: String, prefix: String)
    do { place = try self.place(of: event) } catch let error as MillError where error.code == .badInput {
      guard try retry("keeping a dead letter", { try letters.put(event, error) }) != nil else { return false }
      feed.counters["DeadLetterCount"].add()
      Delivery.acknowledge(CollectionOfOne(event))
      return true
    }
    let position = usesOffsetNames ? event.origin?.logPosition : nil
    let key = BucketKey(
      directory: place.directory, prefix: place.prefix, topicPartition: position?.topicPartition)
    guard let bucket = try bucket(key, retry) else { return false }
    if let position, bucket.holds(position.offset, timestamp: position.timestamp) {
      feed.counters["EventsSkippedCount"].add()
      Delivery.acknowledge(CollectionOfOne(event))
      return true
    }
    if bucket.isFull {
      guard try complete(bucket, retry) else { return false }
    }
    if bucket.file == nil {
      guard try retry("opening a file in \(place.directory)", { try bucket.open(at: position?.offset) }) != nil else {
        return false
      }
      feed.counters["ConnectionCreatedCount"].add()
    }
    bucket.append(event, offset: position?.offset)
    bucket.lastUsed = Clock.steadyNanoseconds()
    return true
  }

  private func place(of event: Event) throws -> (directory: String, prefix: String) {
    if let constant { return constant }
    let place = (
      try settings.path.expand(headers: event.headers, time: settings.time),
      try settings.prefix.expand(headers: event.headers, time: settings.time)
    )
    // What headers say may be part of both.
    guard !place.0.split(separator: "/").contains("..") else {
      throw MillError(.badInput, "the directory '\(place.0)' of the event leads out of the archive")
    }
    guard !place.1.contains("/") else {
      throw MillError(.badInput, "the file prefix '\(place.1)' of the event holds a /")
    }
    return place
  }

  private func bucket(_ key: BucketKey, _ retry: Retry) throws -> Bucket? {
    if let bucket = buckets[key] { return bucket }
    guard try makeRoom(retry) else { return nil }
    let bucket = try retry(
      "looking into \(key.directory)", isFinal: { $0.code == .configuration || $0.code == .badInput }
    ) {
      let (system, path) = try fileSystem(key.directory)
      return try Bucket(key, settings, system, path)
    }
    if let bucket { buckets[key] = bucket }
    return bucket
  }

  /// Completes files above `hdfs.maxOpenFiles`, the one not used for longest first, and forgets buckets.
  private func makeRoom(_ retry: Retry) throws -> Bool {
    let limit = min(settings.openFilesMax, Self.bucketsMax)
    while buckets.count >= limit, let oldest = buckets.values.min(by: { $0.lastUsed < $1.lastUsed }) {
      guard try complete(oldest, retry) else { return false }
      buckets[oldest.key] = nil
    }
    return true
  }

  private func complete(_ bucket: Bucket, _ retry: Retry) throws -> Bool {
    guard let path = bucket.file?.path else { return true }
    do {
      guard
        try retry("completing \(path)", isFinal: { Self.isFinal($0) || $0.code == .notFound }, bucket.complete) != nil
      else { return false }
    } catch {
      feed.counters["EventWriteFail"].add()
      throw error
    }
    feed.counters["ConnectionClosedCount"].add()
    return true
  }
}
