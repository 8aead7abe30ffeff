import MillArchive
import MillBase
import MillLog

/// Where an event goes: a directory, a file prefix and, for records of a log, a topic-partition.
struct BucketKey: Hashable {
  var directory: String
  var prefix: String
  var topicPartition: TopicPartition?
}

/// The files of one place, one open at a time.
final class Bucket {
  let key: BucketKey
  let fileSystem: any FileSystem
  let directory: String
  private let names: ArchiveNames?
  private let settings: HDFSSinkSettings
  /// Offsets that are in complete files already.
  private let present: ArchivedOffsets
  /// Of names that are not made of offsets: begins with the time and grows, as in Flume.
  private var counter = Clock.nowMilliseconds()

  private(set) var file: ArchiveFile?
  private var first: Int64 = 0
  private var last: Int64 = 0
  /// Events in the open file, by delivery: acknowledged when it is complete.
  private var waiting: [(delivery: Delivery, count: Int)] = []
  private var finalPath = ""
  /// Of the name of the open file, see ``ArchiveNames``.
  private var copy = 1
  var lastUsed: UInt64 = 0

  /// Looks what is there already, and removes what an earlier run left open: those records are read again.
  init(_ key: BucketKey, _ settings: HDFSSinkSettings, _ fileSystem: any FileSystem, _ directory: String) throws {
    self.key = key
    self.settings = settings
    self.fileSystem = fileSystem
    self.directory = directory
    guard let topicPartition = key.topicPartition else {
      names = nil
      present = ArchivedOffsets([])
      return
    }
    let names = ArchiveNames(
      prefix: key.prefix, suffix: settings.suffix, inUsePrefix: settings.inUsePrefix,
      inUseSuffix: settings.inUseSuffix, topicPartition: topicPartition)
    self.names = names
    var files: [ArchivedOffsets.File] = []
    for status in try fileSystem.list(directory) where !status.isDirectory {
      if let range = names.range(of: status.name) {
        files.append(.init(offsets: range, modified: status.modified))
      } else if names.isInUse(status.name) {
        _ = try fileSystem.delete("\(directory)/\(status.name)")
      }
    }
    present = ArchivedOffsets(files)
  }

  /// A complete file has the record.
  func holds(_ offset: Int64, timestamp: Int64) -> Bool { present.hold(offset, timestamp: timestamp) }

  var isFull: Bool { file.map { settings.roll.isFull(events: $0.events, bytes: $0.bytes) } ?? false }

  func isDue(now: UInt64) -> Bool {
    file.map { settings.roll.isDue(opened: $0.opened, lastWritten: $0.lastWritten, now: now) } ?? false
  }

  /// Opens a file when none is.
  func open(at offset: Int64?) throws {
    guard file == nil else { return }
    var name: String
    if let names, let offset {
      first = offset
      name = names.inUse(offset)
    } else {
      let plain = "\(key.prefix).\(counter + 1)\(settings.suffix)"
      finalPath = "\(directory)/\(plain)"
      name = "\(settings.inUsePrefix)\(plain)\(settings.inUseSuffix)"
    }
    file = try ArchiveFile("\(directory)/\(name)", format: settings.makeFormat(), in: fileSystem)
    counter += 1
  }

  func append(_ event: Event, offset: Int64?) {
    last = offset ?? 0
    let timestamp = event.headers["timestamp"].flatMap { Int64($0) } ?? Clock.nowMilliseconds()
    file!.append(ArchiveEvent(timestamp: timestamp, headers: event.headers, body: event.body))
    guard let delivery = event.delivery else { return }
    if waiting.last?.delivery === delivery {
      waiting[waiting.count - 1].count += 1
    } else {
      waiting.append((delivery, 1))
    }
  }

  /// Completes the open file under its own name, and acknowledges what it holds. Can be repeated after an error.
  func complete() throws {
    guard let file else { return }
    if let names { finalPath = "\(directory)/\(names.complete(first, last, copy: copy))" }
    do { try file.complete(as: finalPath) } catch let error as MillError where error.code == .refused {
      guard try fileSystem.status(finalPath) != nil else { throw error }
      // Another file has the name: the next try takes the next one.
      copy += 1
      counter += 1
      if names == nil { finalPath = "\(directory)/\(key.prefix).\(counter)\(settings.suffix)" }
      throw error
    }
    copy = 1
    for (delivery, count) in waiting { delivery.acknowledge(count) }
    waiting = []
    self.file = nil
  }
}
