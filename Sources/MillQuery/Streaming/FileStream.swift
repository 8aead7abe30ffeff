import MillArchive
import MillBase
import Synchronization

/// Files as a stream: each once, in the order in which they were modified (Spark's FileStreamSource).
///
/// Which files a micro-batch reads is written into the log before its offsets are, so that after a crash the same
/// micro-batch reads the same files, and no file is read twice or left out.
final class FileStream: StreamSource {
  private struct State {
    var seen: SeenFiles
    /// Found, and not read yet, in the order in which they are read.
    var unread: ArraySlice<FileFinder.Found> = []
    /// The number of the last list.
    var number: Int64
    var isFrozen = false
    var ignoresLimits = false
    /// How long to wait for the next look, and the steady time until then.
    var pause: Duration = .milliseconds(20)
    var nextLook: UInt64 = 0
  }

  let name: String
  private let source: FileSource
  private let options: FileSource.StreamOptions
  private let finder: FileFinder
  private let time: LocalTime
  private let log: FileStreamLog
  private let cleaner: FileCleaner?
  private let state: Mutex<State>

  /// - Parameter time: the session's clock, for times in the names of directories.
  /// - Throws: `.notFound`, retriable, for a path where nothing is (yet), unless it is a pattern; `.corrupt` for a log
  ///   that can't be read.
  init(name: String, source: FileSource, systems: FileSystems?, time: LocalTime, log: FileStreamLog) throws {
    self.name = name
    self.time = time
    self.source = source
    options = source.stream
    self.log = log
    finder = try FileFinder(source, systems: systems)
    cleaner = try FileCleaner(options.cleaning, finder)
    guard try finder.find() != nil else {
      throw MillError(
        .notFound, "the path does not exist", at: .init(file: source.path),
        wayOut: "make the directory; the query waits for it", isRetriable: true)
    }
    let hasLimit = options.maxFilesPerTrigger != nil || options.maxBytesPerTrigger != nil
    // With the newest first and a limit, what waits grows old: it is read all the same.
    let maxAge = options.latestFirst && hasLimit ? nil : options.maxFileAgeMilliseconds
    var seen = SeenFiles(maxAge: maxAge, byName: options.fileNameOnly)
    seen.add(try log.all())
    seen.purge()
    state = Mutex(State(seen: seen, number: try log.latest()))
  }

  var description: String { "FileStreamSource[\(finder.description)]" }
  /// Looking takes a tenth of the time at most, however large the directory is.
  var pollInterval: Duration { state.withLock { $0.pause } }

  func initialOffset() throws -> SourceOffset { .files(-1) }

  func offset(_ json: JSONValue) throws -> SourceOffset {
    // Spark before 2.1 wrote the number alone.
    guard let number = json["logOffset"]?.integer ?? json.integer else {
      throw SourceChanged(text: "the checkpoint holds \(json.text()), which is no offset of files")
    }
    return .files(number)
  }

  func freeze(after offset: SourceOffset, ignoresLimits: Bool) throws {
    try state.withLock { state in
      state.unread = try look(&state)[...]
      state.isFrozen = true
      state.ignoresLimits = ignoresLimits
    }
  }

  /// Nanoseconds between two looks, at least; a NameNode has others to serve.
  private static let localPause: UInt64 = 20_000_000
  private static let remotePause: UInt64 = 500_000_000

  private var isLocal: Bool { finder.system is LocalFileSystem }

  private func look(_ state: inout State) throws -> [FileFinder.Found] {
    let begin = Clock.steadyNanoseconds()
    let new = try (finder.find() ?? []).filter { state.seen.isNew(finder.uri($0.path), $0.modified) }
    let end = Clock.steadyNanoseconds()
    let pause = max(isLocal ? Self.localPause : Self.remotePause, 9 * (end - begin))
    state.pause = .nanoseconds(Int64(pause))
    state.nextLook = end + pause
    return new.sorted { a, b in
      if a.modified != b.modified { return (a.modified < b.modified) != options.latestFirst }
      return a.path < b.path
    }
  }

  func next(after offset: SourceOffset, mayRest: Bool) throws -> SourceStep {
    guard case .files(let at) = offset else { preconditionFailure("offsets of another source") }
    return try state.withLock { state in
      guard at <= state.number else {
        throw MillError(
          .corrupt, "a micro-batch has read list \(at) of files, and the newest here is \(state.number)",
          at: .init(file: log.directory),
          wayOut: "restore the lists, or begin with a new checkpoint directory (the query then starts anew)")
      }
      // A list that no micro-batch has taken is from before a crash, or before another source failed.
      if at < state.number { return step(offset, state.number) }
      if mayRest, !state.isFrozen, state.unread.isEmpty, Clock.steadyNanoseconds() < state.nextLook {
        return SourceStep(start: offset, end: offset, latest: nil, hasData: false, isSure: false)
      }
      // With the newest first, those that have come meanwhile go before.
      if !state.isFrozen, state.unread.isEmpty || options.latestFirst { state.unread = try look(&state)[...] }
      let taken = state.unread.prefix(count(state))
      if !taken.isEmpty {
        let number = state.number + 1
        let entries = taken.map { file in
          FileStreamLog.Entry(path: finder.uri(file.path), timestamp: file.modified, batchId: number)
        }
        try log.add(entries, number: number)
        state.number = number
        state.unread.removeFirst(taken.count)
        state.seen.add(entries)
        state.seen.purge()
      }
      return step(offset, state.number)
    }
  }

  private func step(_ start: SourceOffset, _ number: Int64) -> SourceStep {
    let end = SourceOffset.files(number)
    return SourceStep(start: start, end: end, latest: nil, hasData: end != start)
  }

  /// How many of the unread files the next micro-batch takes: one at least.
  private func count(_ state: State) -> Int {
    if state.ignoresLimits { return state.unread.count }
    if let most = options.maxFilesPerTrigger { return min(most, state.unread.count) }
    guard let bytes = options.maxBytesPerTrigger else { return state.unread.count }
    var sum: Int64 = 0
    for (index, file) in state.unread.enumerated() {
      sum += file.size
      if index > 0, sum > bytes { return index }
    }
    return state.unread.count
  }

  private func entries(_ start: SourceOffset, _ end: SourceOffset) throws -> [FileStreamLog.Entry] {
    guard case .files(let start) = start, case .files(let end) = end else {
      preconditionFailure("offsets of another source")
    }
    return end > start ? try log.entries((start + 1)...end) : []
  }

  func ranges(from start: SourceOffset, to end: SourceOffset) throws -> StreamRanges {
    var ranges = StreamRanges()
    var reader = PartitionReader(source, time)
    for entry in try entries(start, end) {
      let path = try finder.path(ofURI: entry.path)
      guard let status = try finder.system.status(path) else {
        if source.ignoresMissingFiles {
          Log.warning("query", "\(path) is gone, and is left out (ignoreMissingFiles)")
          continue
        }
        throw MillError(
          .notFound, "a file of the micro-batch is gone before it was read", at: .init(file: path),
          wayOut: "put it back, or set the source option ignoreMissingFiles to true to go on without it")
      }
      guard let partition = try reader.values(of: path, below: finder.top(of: path)) else {
        PartitionReader.warnOfFile(beside: path)
        continue
      }
      ranges.files.append(
        .init(
          path: path, size: status.size, source: name, described: source, system: finder.system,
          partition: partition))
    }
    return ranges
  }

  func committed(from start: SourceOffset, to end: SourceOffset) {
    guard let cleaner else { return }
    do {
      for entry in try entries(start, end) { cleaner.clean(try finder.path(ofURI: entry.path)) }
    } catch { Log.warning("query", "\(description): cleaning up failed: \(error)") }
  }
}

/// cleanSource: what becomes of a file that was read. A file that can't be cleaned stays: it is not read again anyway.
struct FileCleaner: Sendable {
  private let system: any FileSystem
  /// nil = files are deleted.
  private let archive: String?

  /// - Returns: nil when files are left alone.
  /// - Throws: `.configuration` for an archive from which files would be read again.
  init?(_ cleaning: FileSource.StreamOptions.Cleaning, _ finder: FileFinder) throws {
    system = finder.system
    switch cleaning {
    case .off: return nil
    case .delete: archive = nil
    case .archive(let path):
      func wrong(_ what: String, _ wayOut: String) -> MillError {
        MillError(.configuration, "sourceArchiveDir \(path) \(what)", wayOut: wayOut)
      }
      var inner = path
      if path.hasPrefix(finder.authority) {
        inner = String(path.dropFirst(finder.authority.count))
      } else if path.hasPrefix("file:"), finder.authority == "file://" {
        inner = String(path.dropFirst(5))
      } else if path.contains("://") {
        throw wrong("is in another file system than the files", "archive them where they are")
      }
      inner = PathAddress.absolute(inner)
      while inner.count > 1, inner.hasSuffix("/") { inner.removeLast() }
      // As Spark has it: over the depth that both have, the archive must not match the source.
      let parts = inner.split(separator: "/").map(String.init)
      let glob = try PathGlob(PathAddress.absolute(finder.path))
      for (choice, source) in glob.paths.enumerated() {
        let depth = min(source.count, parts.count)
        if (0..<depth).allSatisfy({ glob.matches(parts[$0], choice: choice, depth: $0) }) {
          throw wrong("lies in what the source reads", "choose a directory beside \(finder.path)")
        }
      }
      archive = inner
    }
  }

  func clean(_ path: String) {
    do {
      if let archive {
        let target = archive + path
        guard try system.status(path) != nil else { return }
        try system.makeDirectories(Files.split(target).directory)
        try system.rename(path, to: target)
      } else {
        _ = try system.delete(path)
      }
    } catch { Log.warning("query", "\(path) was read, and could not be cleaned up: \(error)") }
  }
}
