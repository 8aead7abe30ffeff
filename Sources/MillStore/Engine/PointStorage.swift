/// Where the built-in store keeps one database. A small seam, so that SQLite can be replaced.
///
/// Writing is done by one thread at a time (the caller's lock); scanning by any number of threads meanwhile.
protocol PointStorage: AnyObject, Sendable {
  /// Everything but the points.
  func loadCatalog() throws -> StoredCatalog

  /// Runs the body as one transaction: when it throws nothing has happened.
  func transaction(_ body: (any PointTransaction) throws -> Void) throws

  /// Calls the body for each point of the series in the time range (both ends included), series after series in the
  /// order given, each in the order of time. All scans within `body` of ``snapshot(_:)`` see the same state.
  func snapshot<Result>(_ body: (any PointReader) throws -> Result) throws -> Result

  /// Bytes on disk.
  func size() throws -> Int64

  /// Moves the log into the main file and lets go of it.
  func close() throws
}

protocol PointReader {
  func scan(series: Int64, from: Int64, through: Int64, isAscending: Bool, _ body: PointVisitor) throws
}

/// Sees a point: time and encoded fields. False ends the scan.
typealias PointVisitor = (_ time: Int64, _ fields: UnsafeRawBufferPointer) throws -> Bool

protocol PointTransaction {
  func addMeasurement(_ key: [UInt8]) throws -> Int64
  func addField(measurement: Int64, number: Int, key: [UInt8], type: FieldType) throws
  func addSeries(measurement: Int64, key: [UInt8]) throws -> Int64
  /// Puts a point, or unites its fields with those of the point that is there. True when the point is new.
  func put(series: Int64, time: Int64, fields: UnsafeRawBufferPointer) throws -> Bool
  /// Both ends included; how many points went.
  func deletePoints(series: Int64, from: Int64, through: Int64) throws -> Int
  func deleteSeries(_ series: Int64) throws
  func deleteMeasurement(_ measurement: Int64) throws
  func setNumber(_ name: String, _ value: Int64) throws
}

struct StoredCatalog {
  var measurements: [(id: Int64, key: [UInt8])] = []
  var fields: [(measurement: Int64, number: Int, key: [UInt8], type: FieldType)] = []
  var series: [(id: Int64, measurement: Int64, key: [UInt8])] = []
  /// Named numbers: `points`, `retention`.
  var numbers: [String: Int64] = [:]
}
