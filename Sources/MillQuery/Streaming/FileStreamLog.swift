import MillBase
import Synchronization

/// Which files micro-batches have read: `sources/I/N`, as Spark's FileStreamSourceLog has it. A line of JSON for each
/// file; every tenth list is `N.compact` and has all the lists before it too.
final class FileStreamLog: Sendable {
  struct Entry: Sendable, Equatable {
    /// `file:///in/a%20b.json`
    var path: String
    /// When the file was modified, in milliseconds since 1970.
    var timestamp: Int64
    /// The number of the list.
    var batchId: Int64
  }

  /// spark.sql.streaming.fileSource.log.compactInterval
  static let compactInterval: Int64 = 10

  let directory: String
  /// The last list written, which is read next.
  private let last = Mutex<[Entry]>([])

  init(_ directory: String) throws {
    self.directory = directory
    try Files.makeDirectory(directory, isDurable: true)
  }

  private struct List {
    var number: Int64
    var isCompact: Bool
    var name: String { isCompact ? "\(number).compact" : "\(number)" }
  }

  /// By number; a number's compact list after its plain one.
  private func lists() throws -> [List] {
    try Files.list(directory).compactMap { name in
      let isCompact = name.hasSuffix(".compact")
      return Int64(isCompact ? name.dropLast(8) : name[...]).map { List(number: $0, isCompact: isCompact) }
    }.sorted { ($0.number, $0.isCompact ? 1 : 0) < ($1.number, $1.isCompact ? 1 : 0) }
  }

  /// The number of the newest list; −1 = there is none.
  func latest() throws -> Int64 { try lists().last?.number ?? -1 }

  /// Everything that was read.
  func all() throws -> [Entry] { try current(lists()).flatMap(entries) }

  /// The newest compact list and those after it.
  private func current(_ lists: [List]) -> ArraySlice<List> {
    lists[(lists.lastIndex(where: \.isCompact) ?? 0)...]
  }

  /// What the lists from one number on up to another hold.
  ///
  /// - Throws: `.corrupt` for a list that is missing.
  func entries(_ numbers: ClosedRange<Int64>) throws -> [Entry] {
    let kept = last.withLock { $0 }
    if numbers.count == 1, kept.first?.batchId == numbers.lowerBound { return kept }
    let lists = try lists()
    return try numbers.flatMap { number in
      guard
        let list = lists.first(where: { $0.number == number })
          ?? lists.first(where: { $0.number > number && $0.isCompact })
      else {
        throw corrupt("\(number)", "the list of files is missing")
      }
      return try entries(list).filter { $0.batchId == number }
    }
  }

  private func lines(_ list: List) throws -> [Substring] {
    let lines = try Files.readText("\(directory)/\(list.name)").split(separator: "\n")
    guard lines.first == "v1" else { throw corrupt(list.name, "the file does not begin with v1") }
    return Array(lines.dropFirst())
  }

  private func entries(_ list: List) throws -> [Entry] {
    try lines(list).map { line in
      guard let json = try? JSONValue(parsing: String(line)), let path = json["path"]?.string,
        let timestamp = json["timestamp"]?.integer, let batchId = json["batchId"]?.integer
      else { throw corrupt(list.name, "\(line) can't be read") }
      return Entry(path: path, timestamp: timestamp, batchId: batchId)
    }
  }

  private func corrupt(_ name: String, _ what: String) -> MillError {
    MillError(
      .corrupt, what, at: .init(file: "\(directory)/\(name)"),
      wayOut: "restore the file, or begin with a new checkpoint directory (the query then starts anew)")
  }

  /// Adds a list, durably.
  func add(_ entries: [Entry], number: Int64) throws {
    var lines = entries.map { entry in
      JSONValue.object([
        "path": .string(entry.path), "timestamp": .integer(entry.timestamp), "batchId": .integer(entry.batchId),
      ]).text()
    }
    var list = List(number: number, isCompact: (number + 1) % Self.compactInterval == 0)
    // Not what a try left behind that failed after it had written the list.
    let lists = try self.lists().filter { $0.number < number }
    if list.isCompact {
      lines = try current(lists).flatMap { try self.lines($0) }.map(String.init) + lines
    }
    try Checkpoint.put((["v1"] + lines).joined(separator: "\n"), to: "\(directory)/\(list.name)")
    last.withLock { $0 = entries }
    guard list.isCompact else { return }
    // The compact list before and what follows it stay, as a micro-batch may have to read them again.
    list.number -= Self.compactInterval
    for old in lists where old.number < list.number { try Checkpoint.remove("\(directory)/\(old.name)") }
  }
}

/// Files that were seen, as long as they may come again (Spark's FileStreamSource.SeenFilesMap).
struct SeenFiles {
  private var times: [String: Int64] = [:]
  private var latest: Int64 = .min
  /// Older files are not looked at.
  private var oldest: Int64 = .min
  /// nil = files do not age.
  let maxAge: Int64?
  let byName: Bool
  private var countAfterPurge = 0

  init(maxAge: Int64?, byName: Bool) {
    self.maxAge = maxAge
    self.byName = byName
  }

  private func key(_ uri: String) -> String {
    byName ? String(uri[(uri.lastIndex(of: "/").map { uri.index(after: $0) } ?? uri.startIndex)...]) : uri
  }

  func isNew(_ uri: String, _ timestamp: Int64) -> Bool { timestamp >= oldest && times[key(uri)] == nil }

  mutating func add(_ entries: [FileStreamLog.Entry]) {
    for entry in entries {
      times[key(entry.path)] = entry.timestamp
      latest = max(latest, entry.timestamp)
    }
  }

  /// From now on files are too old that are older than the newest by more than the age.
  mutating func purge() {
    guard let maxAge, latest > .min, latest - maxAge > oldest else { return }
    oldest = latest - maxAge
    // Looking at all of them every time would cost more than it gives.
    guard times.count > 2 * countAfterPurge else { return }
    times = times.filter { $0.value >= oldest }
    countAfterPurge = times.count
  }
}
