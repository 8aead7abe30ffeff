import MillBase
import Synchronization

/// The built-in time-series store: databases of points in a directory, one SQLite file each.
///
/// What `write` has acknowledged survives a kill of the process. A power cut may lose the last moments: commits reach
/// the disk at SQLite's next checkpoint. Only one process can use a directory.
public final class StoreEngine: Sendable {
  public struct Options: Sendable {
    /// A write to a database that does not exist makes it. Default true; real InfluxDB answers 404.
    public var createsDatabases = true
    /// Bytes of a database's name: three times as many, plus suffixes, fit a file name.
    public static let databaseNameMax = 80
    /// Databases at a time: each has an open file. Default 200.
    public var databasesMax = 200
    public init() {}
  }

  public let directory: String
  let options: Options
  /// Held until the engine is closed.
  private let lock: Mutex<File?>
  private let databases = Mutex<[String: Database]>([:])
  let metrics = StoreMetrics()

  /// Opens the directory, or makes it.
  ///
  /// - Throws: `.configuration` when another process uses it; `.system`, `.corrupt`.
  public init(directory: String, options: Options = Options()) throws {
    self.directory = directory
    self.options = options
    try Files.makeDirectory(directory)
    let held = try File("\(directory)/LOCK", .readWrite)
    lock = Mutex(held)
    guard try held.tryLock() else {
      throw MillError(
        .configuration, "another process uses this store", at: .init(file: directory),
        wayOut: "stop that process, or give this one a directory of its own")
    }
    for file in try Files.list(directory) where file.hasSuffix(Self.suffix) {
      guard let name = Self.databaseName(ofFile: file) else { continue }
      let database = try Database(name: name, storage: SQLiteStorage(path: "\(directory)/\(file)"))
      databases.withLock { $0[name] = database }
    }
  }

  // MARK: Databases

  /// Names, sorted.
  public func databaseNames() -> [String] {
    databases.withLock { $0.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
  }

  func database(_ name: String) -> Database? { databases.withLock { $0[name] } }

  /// Nothing happens when it exists already.
  ///
  /// - Parameter retention: how long points are kept; nil = for ever.
  /// - Throws: `.configuration` for a name that can't be, `.limit`, `.system`.
  public func createDatabase(_ name: String, retention: Duration? = nil) throws {
    _ = try makeDatabase(name)
    if let retention {
      let (seconds, attoseconds) = retention.components
      try setRetention(of: name, nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
  }

  func setRetention(of name: String, nanoseconds: Int64) throws {
    guard let database = database(name) else { throw Self.notFound(name) }
    try database.setRetention(nanoseconds: nanoseconds)
  }

  private func makeDatabase(_ name: String) throws -> Database {
    guard !name.isEmpty, name.utf8.count <= Options.databaseNameMax else {
      throw MillError(.configuration, "'\(name)' can't be a database name: 1 to \(Options.databaseNameMax) bytes")
    }
    return try databases.withLock { databases in
      if let known = databases[name] { return known }
      guard databases.count < options.databasesMax else {
        throw MillError(.limit, "there are \(options.databasesMax) databases already", at: .init(key: name))
      }
      let path = "\(directory)/\(Self.fileName(ofDatabase: name))"
      let database = try Database(name: name, storage: SQLiteStorage(path: path))
      databases[name] = database
      Log.info("store", "database \(name) made")
      return database
    }
  }

  /// Nothing happens when it does not exist.
  public func dropDatabase(_ name: String) throws {
    try databases.withLock { databases in
      guard let database = databases[name] else { return }
      try database.close()
      databases[name] = nil
      let path = "\(directory)/\(Self.fileName(ofDatabase: name))"
      for suffix in ["-wal", "-shm", ""] where Files.exists(path + suffix) { try Files.remove(path + suffix) }
      Log.info("store", "database \(name) dropped")
    }
  }

  static func notFound(_ name: String) -> MillError { MillError(.notFound, "database not found: \"\(name)\"") }

  // MARK: Writing

  /// What became of a body of line protocol.
  public struct WriteResult: Sendable {
    /// Points taken.
    public var written = 0
    /// Lines that are not line protocol.
    public var unparsable: [RejectedLine] = []
    /// Points that don't fit what is stored: other field type, beyond retention, …
    public var dropped: [RejectedLine] = []

    /// InfluxDB's message for the lines that are not line protocol; nil when there are none.
    public var unparsableMessage: String? {
      unparsable.isEmpty ? nil : unparsable.map(\.parseMessage).joined(separator: "\n")
    }
  }

  /// Writes a body of line protocol as one transaction. Good lines are kept when others are bad.
  ///
  /// - Throws: `.notFound` (no such database, and none may be made), `.limit` (body too long), `.system`.
  public func write(
    _ bytes: [UInt8], to name: String, precision: TimestampPrecision = .nanoseconds
  ) throws -> WriteResult {
    guard bytes.count <= LineParser.bodyLengthMax else {
      throw MillError(.limit, "a body of \(bytes.count) bytes is above the limit of \(LineParser.bodyLengthMax)")
    }
    guard let database = try database(name) ?? (options.createsDatabases ? makeDatabase(name) : nil) else {
      throw Self.notFound(name)
    }
    let now = Clock.nowNanoseconds()
    let parsed = LineParser.parse(bytes, precision: precision, now: now)
    let (written, dropped) = try database.write(parsed, now: now)
    metrics.requests.add()
    metrics.points.add(written)
    metrics.rejected.add(parsed.rejected.count + dropped.count)
    return WriteResult(written: written, unparsable: parsed.rejected, dropped: dropped)
  }

  /// Deletes points beyond their database's retention: call it now and then (`StoreServer` does, every minute).
  public func enforceRetention() throws {
    for database in databases.withLock({ Array($0.values) }) {
      try database.enforceRetention(now: Clock.nowNanoseconds())
    }
  }

  // MARK: State

  public func snapshot() throws -> StoreSnapshot {
    let all = databases.withLock { Array($0.values) }.sorted { $0.name < $1.name }
    return StoreSnapshot(
      databases: try all.map { database in
        let counts = database.counts
        return StoreSnapshot.DatabaseState(
          name: database.name, measurements: database.currentCatalog().measurements.count, series: counts.series,
          points: counts.points, bytes: try database.storage.size())
      })
  }

  /// Moves everything into the database files and lets go of them and of the directory.
  public func close() throws {
    try databases.withLock { databases in
      for database in databases.values { try database.close() }
      databases = [:]
    }
    lock.withLock { $0 = nil }
  }

  // MARK: File names

  private static let suffix = ".points"

  /// Letters, digits, `_` and `-` stay, any other byte becomes `%XX`.
  private static func fileName(ofDatabase name: String) -> String {
    var file = ""
    for byte in name.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"):
        file.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let hex = String(byte, radix: 16, uppercase: true)
        file += "%" + (hex.utf8.count < 2 ? "0" : "") + hex
      }
    }
    return file + suffix
  }

  private static func databaseName(ofFile file: String) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(file.utf8.dropLast(suffix.utf8.count))[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
          return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
