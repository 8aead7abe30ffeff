import CSQLite
import MillBase

/// One connection to a SQLite file. Used by one thread at a time.
///
/// @unchecked Sendable: the connection is opened without SQLite's own mutex; whoever holds it guards it (a `Mutex` for
/// the writer, a pool that hands it to one reader at a time).
final class SQLiteConnection: @unchecked Sendable {
  let path: String
  private let handle: OpaquePointer
  private var statements: [String: SQLiteStatement] = [:]

  /// - Throws: `.system` when the file can't be opened, `.corrupt` when it is not a database.
  init(path: String, isReadOnly: Bool) throws {
    self.path = path
    var opened: OpaquePointer?
    let flags =
      (isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX
    let result = sqlite3_open_v2(path, &opened, flags, nil)
    guard let opened else { throw MillError(.system, "SQLite has no memory to open it", at: .init(file: path)) }
    handle = opened
    if result != SQLITE_OK {
      let error = self.error("open")
      sqlite3_close_v2(opened)
      throw error
    }
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, 10_000)
  }

  deinit {
    statements = [:]
    sqlite3_close_v2(handle)
  }

  /// The error of the last call.
  func error(_ what: String) -> MillError {
    let code = sqlite3_errcode(handle)
    let isDamaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB
    let isFull = code == SQLITE_FULL
    return MillError(
      isDamaged ? .corrupt : .system, "\(what): \(String(cString: sqlite3_errmsg(handle)))", at: .init(file: path),
      wayOut: isDamaged
        ? "restore the file from a copy, or move it away to begin an empty one"
        : isFull ? "make room on the disk; work goes on by itself then" : nil,
      isRetriable: isFull || code & 0xFF == SQLITE_BUSY)
  }

  /// Runs statements that give no rows.
  func execute(_ sql: String) throws {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw error(sql) }
  }

  /// The prepared statement for the text; made once.
  func statement(_ sql: String) throws -> SQLiteStatement {
    if let known = statements[sql] { return known }
    var prepared: OpaquePointer?
    guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil) == SQLITE_OK,
      let prepared
    else { throw error(sql) }
    let statement = SQLiteStatement(prepared, self)
    statements[sql] = statement
    return statement
  }

  /// Rows that the last INSERT, UPDATE or DELETE changed.
  var changes: Int { Int(sqlite3_changes(handle)) }
  var lastInsertID: Int64 { sqlite3_last_insert_rowid(handle) }

  /// All or nothing.
  func transaction<Result>(_ begin: String = "BEGIN IMMEDIATE", _ body: () throws -> Result) throws -> Result {
    try statement(begin).run()
    do {
      let result = try body()
      try statement("COMMIT").run()
      return result
    } catch {
      // SQLite may have rolled back by itself (full disk); only an open transaction can be rolled back.
      if sqlite3_get_autocommit(handle) == 0 { try execute("ROLLBACK") }
      throw error
    }
  }
}

/// A prepared statement. Bind, step through the rows, and it resets itself.
final class SQLiteStatement {
  private let handle: OpaquePointer
  private unowned let connection: SQLiteConnection

  init(_ handle: OpaquePointer, _ connection: SQLiteConnection) {
    self.handle = handle
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  /// Parameters are counted from 1.
  func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }

  /// The bytes must stay where they are until the statement has run: SQLite does not copy them.
  func bind(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
    // An empty blob needs an address that is not null, or SQLite would bind NULL.
    sqlite3_bind_blob(handle, index, bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1), Int32(bytes.count), nil)
  }

  /// Runs it, without looking at rows.
  func run() throws { try rows { _ in } }

  /// Runs it with one blob parameter.
  func run(blob index: Int32, _ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes {
      bind(index, $0)
      try run()
    }
  }

  /// Calls the body for each row.
  func rows(_ body: (SQLiteStatement) throws -> Void) throws {
    try rowsWhile {
      try body($0)
      return true
    }
  }

  /// Calls the body for each row, until it says false.
  func rowsWhile(_ body: (SQLiteStatement) throws -> Bool) throws {
    defer { sqlite3_reset(handle) }
    while true {
      switch sqlite3_step(handle) {
      case SQLITE_ROW: if try !body(self) { return }
      case SQLITE_DONE: return
      default: throw connection.error(String(cString: sqlite3_sql(handle)))
      }
    }
  }

  /// Columns are counted from 0.
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// Only valid until the next row.
  func blob(_ column: Int32) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: sqlite3_column_blob(handle, column), count: Int(sqlite3_column_bytes(handle, column)))
  }
}
