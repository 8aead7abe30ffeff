import Glibc
import MillBase

/// Reads the files of a directory, each once (Flume's spooling directory source).
///
/// A file gets its suffix only when all its events have arrived at the end of their way. Where Flume's source stops
/// for good (a file changed while it was read, a name used again, undecodable bytes) this one names the file, leaves
/// it where it is, and goes on with the others.
final class SpoolDirectorySource: EventSource, @unchecked Sendable {
  // @unchecked: everything that changes is touched by the source's own thread, and by finish() after that has ended.

  /// Where the source stands when a delivery has arrived.
  private struct Mark: Sendable {
    var candidate: SpoolCandidate
    var position: Int64
    var number: Int
    /// The file has been read to its end.
    var isLast: Bool
  }

  /// The position file is written at most this often.
  static let writeInterval: UInt64 = 500_000_000

  /// Times of files are at least so fine.
  static let clockTick: Int64 = 50_000_000

  private let name: String
  private let settings: SpoolDirectorySettings
  private let processor: ChannelProcessor
  private let counters: Counters
  private let tracker = DeliveryTracker<Mark>()
  private var positions: SpoolPositions
  /// Files that were read and wait for their events to arrive, by relative path.
  private var underWay: Set<String> = []
  /// Arrived, but the position is not on the disk yet.
  private var unsettled: [Delivery] = []
  private var isDirty = false
  private var written: UInt64 = 0
  /// Their events have arrived; they still have to be renamed, marked or deleted.
  private var finishing: [SpoolCandidate] = []
  /// Directories with renames that are not on the disk yet.
  private var touched: Set<String> = []
  /// When the directory was changed before it was last listed; nil = list it.
  private var listed: Int64?
  /// Reports about a file are made once.
  private var reported: Set<String> = []

  init(
    agent: String, name: String, settings: SpoolDirectorySettings, processor: ChannelProcessor, counters: Counters
  ) throws {
    self.name = name
    self.settings = settings
    self.processor = processor
    self.counters = counters
    positions = try SpoolPositions(path: "\(settings.trackerDirectory)/millrace-\(agent)-\(name).json")
  }

  func start() throws {
    guard let status = try Files.status(settings.spoolDirectory), status.isDirectory else {
      throw MillError(
        .configuration, "source \(name): the spool directory does not exist", at: .init(file: settings.spoolDirectory),
        wayOut: "create it, or correct spoolDir")
    }
    guard settings.trackingPolicy == .tracker_dir || access(settings.spoolDirectory, W_OK) == 0 else {
      throw MillError(
        .configuration, "source \(name): finished files can't be renamed", at: .init(file: settings.spoolDirectory),
        wayOut: "give this user write permission on the directory, or set trackingPolicy = tracker_dir")
    }
    try Files.makeDirectory(settings.trackerDirectory)
  }

  func run(stop: Signal, abandon: Signal) {
    var failures = 0
    while !stop.isSet {
      var isIdle = true
      do {
        for candidate in try candidates() where isReadable(candidate) {
          if stop.isSet { break }
          if try read(candidate, stop: stop, abandon: abandon) { isIdle = false } else { listed = nil }
          try settle()
        }
        try settle()
        failures = 0
      } catch {
        listed = nil
        counters["EventReadFail"].add()
        if failures % Retry.logEvery == 0 { Log.error("agent", "source \(name): \(error); it tries again") }
        failures += 1
        stop.wait(min(settings.pollDelay * failures, Self.failurePauseMax))
      }
      if isIdle { rest(stop) }
    }
  }

  /// The longest pause between two tries after failures, such as a full disk.
  private static let failurePauseMax = Duration.seconds(5)

  func finish() {
    do { try settle(force: true) } catch {
      Log.error("agent", "source \(name): \(error); the files are read again next time")
    }
  }

  /// Sleeps for the poll delay, but completes files as their events arrive.
  private func rest(_ stop: Signal) {
    if tracker.isEmpty {
      stop.wait(settings.pollDelay)
    } else {
      tracker.waitForArrival(atMost: min(settings.pollDelay, .milliseconds(100)))
    }
  }

  // MARK: Reading

  /// The files to be read; none when the directory is as it was at the last look, which can cost a listing of many
  /// finished files.
  private func candidates() throws -> [SpoolCandidate] {
    let modified = settings.recursive ? nil : try Files.status(settings.spoolDirectory)?.modified
    if let modified, modified == listed { return [] }
    // A change within the clock's tick of the listing may leave the time as it is.
    listed = modified.flatMap { Clock.nowNanoseconds() - $0 > Self.clockTick ? $0 : nil }
    return try settings.candidates()
  }

  private func isReadable(_ candidate: SpoolCandidate) -> Bool {
    let file = candidate.identity.path
    // It may have been finished, or taken away, since the directory was listed.
    if underWay.contains(file) || !Files.exists(candidate.path) { return false }
    if let aside = positions.aside[file] {
      // Another file under this name is a new one; the same one, changed in place, is not: parts were delivered.
      if aside.inode == candidate.inode {
        report(file, "is set aside since an earlier run: \(aside.reason)")
        return false
      }
      positions.aside[file] = nil
      isDirty = true
    }
    if settings.deletePolicy == .never, settings.trackingPolicy == .rename,
      Files.exists(candidate.path + settings.fileSuffix)
    {
      setAside(
        candidate, "the name was used before: \(candidate.path)\(settings.fileSuffix) exists; nothing was read",
        wayOut: "rename one of the two files")
      return false
    }
    return true
  }

  /// Reads the file and delivers its events; false when it has to wait, or was set aside before anything was read.
  private func read(_ candidate: SpoolCandidate, stop: Signal, abandon: Signal) throws -> Bool {
    let file: File
    do { file = try File(candidate.path, .read) } catch let error as MillError where error.code == .notFound {
      return false
    }
    if isBeingWritten(file) { return false }
    // The writer may have finished between the scan and now: what counts is the file as it is opened.
    guard let status = try Files.status(candidate.path) else { return false }
    var candidate = candidate
    candidate.identity.size = status.size
    candidate.identity.modified = status.modified
    let resumed = positions.progress[candidate.identity.path].flatMap { $0.identity == candidate.identity ? $0 : nil }
    var number = resumed?.number ?? 0
    let deserializer = try settings.deserializer.open(file, named: candidate.path, at: resumed?.position ?? 0)
    underWay.insert(candidate.identity.path)
    do {
      while true {
        var events: [Event] = []
        while events.count < settings.batchSize, let body = try deserializer.next() {
          events.append(event(body, candidate, number: number + events.count))
        }
        if events.isEmpty, number == 0, status.size == 0 {
          // Flume turns an empty file into one empty event.
          events.append(event([], candidate, number: 0))
        }
        if events.isEmpty { break }
        number += events.count
        let mark = Mark(candidate: candidate, position: deserializer.position, number: number, isLast: false)
        guard processor.deliver(events, mark: mark, tracker: tracker, abandon: abandon) else { return true }
        try settle()
        // Between two batches only: the rest of the file is read after the next start.
        if stop.isSet, deserializer.position < status.size { return true }
      }
    } catch let error as MillError {
      setAside(candidate, error.message + "; the \(number) events before were delivered", wayOut: error.wayOut)
      return true
    }
    guard isUnchanged(candidate) else { return true }
    let mark = Mark(candidate: candidate, position: deserializer.position, number: number, isLast: true)
    return processor.deliver([], mark: mark, tracker: tracker, abandon: abandon) || true
  }

  private func event(_ body: [UInt8], _ candidate: SpoolCandidate, number: Int) -> Event {
    var event = Event(body: body)
    if let header = settings.fileHeader { event.headers[header] = candidate.path }
    if let header = settings.basenameHeader { event.headers[header] = Files.split(candidate.path).name }
    event.origin = Origin(source: name, place: .file(candidate.identity, number: number))
    return event
  }

  /// Sets the file aside when it is not what was read.
  private func isUnchanged(_ candidate: SpoolCandidate) -> Bool {
    let status = try? Files.status(candidate.path)
    if let status, status.inode == candidate.inode, status.size == candidate.identity.size,
      status.modified == candidate.identity.modified
    {
      return true
    }
    setAside(
      candidate,
      status == nil
        ? "it was removed while it was read"
        : "it was changed while it was read; what was there at first was delivered",
      wayOut: "write files under another name (a leading dot) and rename them when they are whole")
    return false
  }

  // MARK: Finishing

  /// Finishes files whose events have all arrived, and writes down how far the others are.
  private func settle(force: Bool = false) throws {
    for (delivery, mark) in tracker.takeArrived() {
      unsettled.append(delivery)
      let file = mark.candidate.identity.path
      if mark.isLast {
        finishing.append(mark.candidate)
      } else if positions.aside[file] == nil {
        positions.progress[file] = .init(
          identity: mark.candidate.identity, position: mark.position, number: mark.number)
        isDirty = true
      }
    }
    while let candidate = finishing.first {
      if isUnchanged(candidate) { try complete(candidate) }
      let file = candidate.identity.path
      underWay.remove(file)
      if positions.progress.removeValue(forKey: file) != nil { isDirty = true }
      finishing.removeFirst()
    }
    guard force || Clock.steadyNanoseconds() - written >= Self.writeInterval else { return }
    guard isDirty || !unsettled.isEmpty || !touched.isEmpty else { return }
    for directory in touched { try Files.syncDirectory(directory) }
    touched = []
    if isDirty { try positions.write() }
    isDirty = false
    written = Clock.steadyNanoseconds()
    for delivery in unsettled { delivery.settle() }
    unsettled = []
  }

  private func complete(_ candidate: SpoolCandidate) throws {
    if settings.deletePolicy == .immediate {
      try Files.remove(candidate.path)
    } else if settings.trackingPolicy == .tracker_dir {
      let marker = settings.marker(candidate.identity.path)
      try Files.makeDirectory(Files.split(marker).directory)
      _ = try File(marker, .readWrite)
      touched.insert(Files.split(marker).directory)
    } else {
      let finished = candidate.path + settings.fileSuffix
      guard !Files.exists(finished) else {
        return setAside(
          candidate, "its events were delivered, but \(finished) exists", wayOut: "rename one of the two files")
      }
      try Files.rename(candidate.path, to: finished)
    }
    touched.insert(Files.split(candidate.path).directory)
    counters["FilesCompletedCount"].add()
  }

  private func setAside(_ candidate: SpoolCandidate, _ reason: String, wayOut: String?) {
    let file = candidate.identity.path
    positions.aside[file] = .init(inode: candidate.inode, reason: reason)
    positions.progress[file] = nil
    isDirty = true
    underWay.remove(file)
    counters["FilesSetAsideCount"].add()
    report(file, "is set aside: " + reason + (wayOut.map { "; \($0)" } ?? ""))
  }

  private func report(_ file: String, _ what: String) {
    guard reported.insert(file).inserted else { return }
    Log.error("agent", "source \(name): \(settings.spoolDirectory)/\(file) \(what)")
  }
}
