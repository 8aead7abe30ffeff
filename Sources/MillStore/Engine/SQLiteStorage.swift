import MillBase
import Synchronization

/// One database in one SQLite file: why and how is in docs/decisions/014-store-on-sqlite.md.
final class SQLiteStorage: PointStorage {
  /// Idle connections for reading that are kept.
  static let idleReadersMax = 4
  /// The layout below; a file with another number is refused.
  static let layoutVersion: Int64 = 1

  private let path: String
  private let writer: Mutex<SQLiteConnection?>
  private let idleReaders = Mutex<[SQLiteConnection]>([])

  init(path: String) throws {
    self.path = path
    let connection = try SQLiteConnection(path: path, isReadOnly: false)
    try connection.execute(
      """
      PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000;
      CREATE TABLE IF NOT EXISTS number(name BLOB PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS measurement(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE);
      CREATE TABLE IF NOT EXISTS field(
        measurement INTEGER NOT NULL, number INTEGER NOT NULL, key BLOB NOT NULL, type INTEGER NOT NULL,
        PRIMARY KEY(measurement, number)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS series(
        id INTEGER PRIMARY KEY AUTOINCREMENT, measurement INTEGER NOT NULL, key BLOB NOT NULL);
      CREATE TABLE IF NOT EXISTS point(
        series INTEGER NOT NULL, time INTEGER NOT NULL, fields BLOB NOT NULL, PRIMARY KEY(series, time)) WITHOUT ROWID;
      """)
    var version: Int64 = 0
    try connection.statement("PRAGMA user_version").rows { version = $0.integer(0) }
    if version == 0 { try connection.execute("PRAGMA user_version=\(Self.layoutVersion)") }
    guard version == 0 || version == Self.layoutVersion else {
      throw MillError(
        .corrupt, "layout \(version) is not one that this program knows (\(Self.layoutVersion))",
        at: .init(file: path), wayOut: "open it with the newer program that wrote it")
    }
    writer = Mutex(connection)
  }

  func loadCatalog() throws -> StoredCatalog {
    try withWriter { connection in
      var catalog = StoredCatalog()
      try connection.statement("SELECT id, key FROM measurement ORDER BY id").rows {
        catalog.measurements.append(($0.integer(0), Array($0.blob(1))))
      }
      try connection.statement("SELECT measurement, number, key, type FROM field").rows {
        guard let type = FieldType(rawValue: UInt8(truncatingIfNeeded: $0.integer(3))) else {
          throw MillError(.corrupt, "unknown field type \($0.integer(3))", at: .init(file: path))
        }
        catalog.fields.append(($0.integer(0), Int($0.integer(1)), Array($0.blob(2)), type))
      }
      try connection.statement("SELECT id, measurement, key FROM series ORDER BY id").rows {
        catalog.series.append(($0.integer(0), $0.integer(1), Array($0.blob(2))))
      }
      try connection.statement("SELECT name, value FROM number").rows {
        catalog.numbers[String(decoding: $0.blob(0), as: UTF8.self)] = $0.integer(1)
      }
      return catalog
    }
  }

  func transaction(_ body: (any PointTransaction) throws -> Void) throws {
    try withWriter { connection in
      let transaction = try SQLitePointTransaction(connection)
      try connection.transaction { try body(transaction) }
    }
  }

  func snapshot<Result>(_ body: (any PointReader) throws -> Result) throws -> Result {
    let connection = try idleReaders.withLock { $0.popLast() } ?? makeReader()
    let result = try connection.transaction("BEGIN") { try body(SQLitePointReader(connection: connection)) }
    idleReaders.withLock { if $0.count < Self.idleReadersMax { $0.append(connection) } }
    return result
  }

  private func makeReader() throws -> SQLiteConnection {
    let connection = try SQLiteConnection(path: path, isReadOnly: true)
    try connection.execute("PRAGMA cache_size=-2000; PRAGMA temp_store=MEMORY")
    return connection
  }

  func size() throws -> Int64 {
    try ["", "-wal"].reduce(0) { sum, suffix in try sum + (Files.status(path + suffix)?.size ?? 0) }
  }

  func close() throws {
    idleReaders.withLock { $0 = [] }
    try writer.withLock { connection in
      try connection?.execute("PRAGMA wal_checkpoint(TRUNCATE)")
      connection = nil
    }
  }

  private func withWriter<Result>(_ body: (SQLiteConnection) throws -> Result) throws -> Result {
    try writer.withLock { connection in
      guard let connection else { throw MillError(.stopped, "the store is closed", at: .init(file: path)) }
      return try body(connection)
    }
  }
}

private struct SQLitePointReader: PointReader {
  let connection: SQLiteConnection

  func scan(series: Int64, from: Int64, through: Int64, isAscending: Bool, _ body: PointVisitor) throws {
    let statement = try connection.statement(
      "SELECT time, fields FROM point WHERE series=?1 AND time BETWEEN ?2 AND ?3 ORDER BY time"
        + (isAscending ? "" : " DESC"))
    statement.bind(1, series)
    statement.bind(2, from)
    statement.bind(3, through)
    try statement.rowsWhile { try body($0.integer(0), $0.blob(1)) }
  }
}

private final class SQLitePointTransaction: PointTransaction {
  private let connection: SQLiteConnection
  private let insert: SQLiteStatement

  init(_ connection: SQLiteConnection) throws {
    self.connection = connection
    insert = try connection.statement("INSERT OR IGNORE INTO point(series, time, fields) VALUES(?1, ?2, ?3)")
  }

  func addMeasurement(_ key: [UInt8]) throws -> Int64 {
    try connection.statement("INSERT INTO measurement(key) VALUES(?1)").run(blob: 1, key)
    return connection.lastInsertID
  }

  func addField(measurement: Int64, number: Int, key: [UInt8], type: FieldType) throws {
    let statement = try connection.statement("INSERT INTO field(measurement, number, key, type) VALUES(?1, ?2, ?3, ?4)")
    statement.bind(1, measurement)
    statement.bind(2, Int64(number))
    statement.bind(4, Int64(type.rawValue))
    try statement.run(blob: 3, key)
  }

  func addSeries(measurement: Int64, key: [UInt8]) throws -> Int64 {
    let statement = try connection.statement("INSERT INTO series(measurement, key) VALUES(?1, ?2)")
    statement.bind(1, measurement)
    try statement.run(blob: 2, key)
    return connection.lastInsertID
  }

  func put(series: Int64, time: Int64, fields: UnsafeRawBufferPointer) throws -> Bool {
    insert.bind(1, series)
    insert.bind(2, time)
    insert.bind(3, fields)
    try insert.run()
    if connection.changes > 0 { return true }
    let select = try connection.statement("SELECT fields FROM point WHERE series=?1 AND time=?2")
    select.bind(1, series)
    select.bind(2, time)
    var united: [UInt8]?
    try select.rows { united = FieldCodec.union(old: $0.blob(0), new: fields) }
    guard let united else {
      throw MillError(
        .corrupt, "the fields of series \(series) at \(time) are damaged", at: .init(file: connection.path))
    }
    let update = try connection.statement("UPDATE point SET fields=?3 WHERE series=?1 AND time=?2")
    update.bind(1, series)
    update.bind(2, time)
    try update.run(blob: 3, united)
    return false
  }

  func deletePoints(series: Int64, from: Int64, through: Int64) throws -> Int {
    let statement = try connection.statement("DELETE FROM point WHERE series=?1 AND time BETWEEN ?2 AND ?3")
    statement.bind(1, series)
    statement.bind(2, from)
    statement.bind(3, through)
    try statement.run()
    return connection.changes
  }

  func deleteSeries(_ series: Int64) throws { try delete("DELETE FROM series WHERE id=?1", series) }

  func deleteMeasurement(_ measurement: Int64) throws {
    try delete("DELETE FROM field WHERE measurement=?1", measurement)
    try delete("DELETE FROM measurement WHERE id=?1", measurement)
  }

  private func delete(_ sql: String, _ id: Int64) throws {
    let statement = try connection.statement(sql)
    statement.bind(1, id)
    try statement.run()
  }

  func setNumber(_ name: String, _ value: Int64) throws {
    let statement = try connection.statement("INSERT OR REPLACE INTO number(name, value) VALUES(?1, ?2)")
    statement.bind(2, value)
    try statement.run(blob: 1, Array(name.utf8))
  }
}
