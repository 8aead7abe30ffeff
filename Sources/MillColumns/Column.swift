/// The values of one column, immutable, in Arrow's memory layout (booleans apart: one byte each).
///
/// | type | `values` | `offsets` | `children` |
/// |---|---|---|---|
/// | boolean | UInt8, 0 or 1 | | |
/// | byte, short, integer, long | Int8, Int16, Int32, Int64 | | |
/// | float, double | Float, Double | | |
/// | decimal | Int128, unscaled | | |
/// | date, timestamp | Int32 days, Int64 microseconds | | |
/// | string, binary | the bytes of all rows | row `r` is `offsets[r]..<offsets[r + 1]` | |
/// | array | | the same, in elements | the elements |
/// | map | | the same, in entries | keys, values |
/// | struct | | | one a column of the schema, as long as this column |
/// | null | | | |
///
/// `offsets` need not begin at 0, and what lies outside of them is not part of the column. Below a null row, `values`
/// and children hold anything, and `offsets` an empty range.
public final class Column: Sendable {
  public let type: DataType
  /// Rows.
  public let count: Int
  public let nullCount: Int
  /// One bit a row (``Validity``); nil = no row is null.
  public let validity: Buffer?
  public let values: Buffer?
  /// `count + 1` Int32.
  public let offsets: Buffer?
  public let children: [Column]

  /// Puts a column together from its parts. The parts must fit the table above.
  public init(
    _ type: DataType, count: Int, validity: Buffer? = nil, values: Buffer? = nil, offsets: Buffer? = nil,
    children: [Column] = []
  ) {
    self.type = type
    self.count = count
    let nulls = type == .null ? count : Validity.nullCount(validity, rows: count)
    nullCount = nulls
    self.validity = nulls == 0 ? nil : validity
    self.values = values
    self.offsets = offsets
    self.children = children
    precondition(isWellFormed, "the parts do not make a column of type \(type)")
  }

  private var isWellFormed: Bool {
    if let validity, validity.count < (count + 7) / 8 { return false }
    switch type {
    case .null: return true
    case .string, .binary:
      guard let values, let offsets, offsets.count >= (count + 1) * 4 else { return false }
      return offset(count) <= values.count
    case .array, .map:
      guard let offsets, offsets.count >= (count + 1) * 4 else { return false }
      guard children.count == (type.isMap ? 2 : 1) else { return false }
      return children.allSatisfy { offset(count) <= $0.count }
    case .struct(let schema):
      return children.count == schema.count && children.allSatisfy { $0.count == count }
    default: return (values?.count ?? -1) >= count * type.width!
    }
  }

  // MARK: One row

  @inlinable public func isNull(_ row: Int) -> Bool {
    guard let validity else { return nullCount != 0 }
    return !Validity.isValid(validity.pointer(UInt8.self), row)
  }

  /// Where row `row` begins in `values` or the children; `offset(count)` is the end.
  @inlinable public func offset(_ row: Int) -> Int { Int(offsets!.pointer(Int32.self)[row]) }

  /// The value of a fixed-width column. Not checked: the row must exist, and `T` must be the type in the table.
  @inlinable public func fixed<T: BitwiseCopyable>(_ row: Int, as type: T.Type) -> T {
    values!.pointer(T.self)[row]
  }

  /// The bytes of a string or binary row. Good only inside the body.
  @inlinable public func withBytes<Result>(
    _ row: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) {
      let start = offset(row)
      return try body(UnsafeRawBufferPointer(start: values!.base + start, count: offset(row + 1) - start))
    }
  }

  // MARK: All rows

  /// The values of a fixed-width column. The pointer is good only inside the body.
  @inlinable public func withFixed<T: BitwiseCopyable, Result>(
    _ type: T.Type, _ body: (UnsafeBufferPointer<T>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) {
      try body(UnsafeBufferPointer(start: values!.pointer(T.self), count: count))
    }
  }

  /// Offsets and bytes of a string or binary column. The pointers are good only inside the body.
  @inlinable public func withStrings<Result>(
    _ body: (_ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(self) {
      try body(offsets!.pointer(Int32.self), values!.pointer(UInt8.self))
    }
  }

  /// A fixed-width column of `count` rows, whose values the body writes.
  @inlinable public static func fixed<T: BitwiseCopyable>(
    _ type: DataType, count: Int, validity: Buffer? = nil, as: T.Type,
    _ body: (UnsafeMutablePointer<T>) throws -> Void
  ) rethrows -> Column {
    var values = BufferBuilder(capacity: count * MemoryLayout<T>.stride)
    try body(values.base.assumingMemoryBound(to: T.self))
    values.count = count * MemoryLayout<T>.stride
    return Column(type, count: count, validity: validity, values: values.take())
  }
}

extension DataType {
  /// Bytes a value, nil for types of varying width.
  public var width: Int? {
    switch self {
    case .boolean, .byte: 1
    case .short: 2
    case .integer, .float, .date, .yearMonthInterval: 4
    case .long, .double, .timestamp, .dayTimeInterval: 8
    case .decimal: 16
    case .null, .string, .binary, .array, .map, .struct: nil
    }
  }

  var isMap: Bool { if case .map = self { true } else { false } }
}
