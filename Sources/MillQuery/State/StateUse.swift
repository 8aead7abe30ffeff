import MillColumns

/// What a stateful operator of a plan keeps, by which it is told apart in a checkpoint.
struct StateUse: Sendable {
  enum Kind: String, Sendable {
    // Spark's names of the operators, as progress has them.
    case aggregate = "stateStoreSave"
    case deduplicate = "dedupe"
    case deduplicateWithinWatermark = "dedupeWithinWatermark"
  }
  /// Event time in a row: rows at or before the watermark are late, keys at or before it are over.
  struct EventTime: Sendable, Equatable {
    var column: Int
    /// A window's time is its end.
    var isWindow: Bool

    init?(_ column: Int?, _ schema: Schema) {
      guard let column else { return nil }
      self.column = column
      isWindow = schema.columns[column].type == TimeWindow.type
    }

    /// Microseconds since 1970; nil for null.
    func value(_ columns: [Column], _ row: Int) -> Int64? {
      let times = columns[column]
      if times.isNull(row) { return nil }
      return (isWindow ? times.children[1] : times).fixed(row, as: Int64.self)
    }
  }

  /// Number of the operator in its query, from the result towards the sources (as Spark counts).
  var number: Int
  var kind: Kind
  /// For an aggregation among its keys, for a deduplication among the input's columns.
  var eventTime: EventTime?
  /// Where it is written.
  var position: SourcePosition
  var description: StateDescription
}

/// What of a stateful operator must stay the same over a checkpoint's life (Structured Streaming guide, recovery
/// semantics after changes in a streaming query: number and type of keys and aggregates).
struct StateDescription: Sendable, Equatable {
  var operatorName: String
  /// Types of the keys.
  var keys: [String]
  /// `sum(BIGINT)`
  var values: [String]
}

/// The keys of a stateful operator as bytes: event time first, so that it can be read without reading the rest.
struct StateKeys: Sendable {
  /// Columns of the operator's keys in the order of the bytes.
  let order: [Int]
  let types: [DataType]
  /// Where the event time's 8 bytes lie, and the bytes before which say that there is one; nil without event time.
  private let timePlace: Int?

  init(_ types: [DataType], eventTime: StateUse.EventTime?) {
    let first = eventTime?.column
    order = (first.map { [$0] } ?? []) + types.indices.filter { $0 != first }
    self.types = order.map { types[$0] }
    // A timestamp is 1 + 8 bytes, a window one byte before its start and end.
    timePlace = eventTime.map { $0.isWindow ? 1 + 9 + 1 : 1 }
  }

  func append(_ columns: [Column], _ row: Int, to bytes: inout [UInt8]) {
    for index in order { RowBytes.append(columns[index], row, isKey: true, to: &bytes) }
  }

  /// Event time of a key, in microseconds; nil = it has none.
  func time(_ key: UnsafeRawBufferPointer) -> Int64? {
    guard let timePlace, key[0] == 1, key[timePlace - 1] == 1 else { return nil }
    return Int64(littleEndian: key.loadUnaligned(fromByteOffset: timePlace, as: Int64.self))
  }

  /// The columns in the operator's order.
  func columns(_ row: Column) -> [Column] {
    var columns = row.children
    for (at, index) in order.enumerated() { columns[index] = row.children[at] }
    return columns
  }
}

/// Rows of state on their way back to columns.
struct StateRows: ~Copyable {
  private var builder: ColumnBuilder

  init(_ types: [DataType]) { builder = ColumnBuilder(.struct(Schema(types.map { .init("", $0) }))) }

  var count: Int { builder.count }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    var reader = RowReader(bytes)
    for child in builder.children { reader.read(into: &child.builder) }
    builder.closeRow()
  }

  /// A struct with the columns.
  mutating func take() -> Column { builder.finish() }
}
