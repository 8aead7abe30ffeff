/// Builds a column row by row.
///
/// Every `append` adds one row. Rows of an array or map: append the elements to ``children``, then call
/// ``closeRow()``; rows of a struct: append one value to each child, then ``closeRow()``.
public struct ColumnBuilder: ~Copyable {
  public let type: DataType
  public private(set) var count = 0
  private var validity: ValidityBuilder
  private var values: BufferBuilder
  private var offsets: BufferBuilder
  private var storage: [Child]

  /// A child builder in a box, because arrays can't hold noncopyable values.
  public final class Child {
    public var builder: ColumnBuilder
    init(_ type: DataType, _ capacity: Int) { builder = ColumnBuilder(type, capacity: capacity) }
  }

  /// - Parameter capacity: rows expected.
  public init(_ type: DataType, capacity: Int = 0) {
    self.type = type
    validity = ValidityBuilder(capacity: capacity)
    values = BufferBuilder(capacity: capacity * (type.width ?? 0))
    offsets = BufferBuilder(capacity: type.hasOffsets ? (capacity + 1) * 4 : 0)
    if type.hasOffsets { offsets.append(Int32(0)) }
    storage = type.childTypes.map { Child($0, capacity) }
  }

  public var children: [Child] { storage }

  /// A value of a fixed-width type, in the memory type of ``Column``'s table (a boolean is a UInt8).
  public mutating func append<T: BitwiseCopyable>(fixed value: T) {
    assert(MemoryLayout<T>.size == type.width)
    values.append(value)
    validity.append(true)
    count += 1
  }

  /// A string (UTF-8) or binary value.
  public mutating func append(bytes: UnsafeRawBufferPointer) {
    values.append(bytes)
    offsets.append(Column.checkedOffset(values.count))
    validity.append(true)
    count += 1
  }

  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(bytes: UnsafeRawBufferPointer($0)) }
  }

  public mutating func appendNull() {
    validity.append(false)
    count += 1
    if let width = type.width {
      values.reserve(width)
      (values.base + values.count).initializeMemory(as: UInt8.self, repeating: 0, count: width)
      values.count += width
    } else if type.hasOffsets {
      offsets.append(endOffset)
    } else {
      for child in storage { child.builder.appendNull() }
    }
  }

  /// Ends a row of an array, map or struct whose children have been appended.
  public mutating func closeRow() {
    if type.hasOffsets { offsets.append(endOffset) }
    validity.append(true)
    count += 1
  }

  /// - Precondition: the value is null or of the builder's type.
  public mutating func append(_ value: Value) {
    switch (type, value) {
    case (_, .null): appendNull()
    case (.boolean, .boolean(let value)): append(fixed: UInt8(value ? 1 : 0))
    case (.byte, .integer(let value)): append(fixed: Int8(value))
    case (.short, .integer(let value)): append(fixed: Int16(value))
    case (.integer, .integer(let value)), (.yearMonthInterval, .integer(let value)): append(fixed: Int32(value))
    case (.long, .integer(let value)), (.dayTimeInterval, .integer(let value)): append(fixed: value)
    case (.float, .float(let value)): append(fixed: value)
    case (.double, .double(let value)): append(fixed: value)
    case (.decimal(_, let scale), .decimal(let unscaled, let own)):
      precondition(scale == own, "decimal of scale \(own) in a column of scale \(scale)")
      append(fixed: unscaled)
    case (.date, .date(let days)): append(fixed: days)
    case (.timestamp, .timestamp(let microseconds)): append(fixed: microseconds)
    case (.string, .string(let text)): append(text)
    case (.binary, .binary(let bytes)): bytes.withUnsafeBytes { append(bytes: $0) }
    case (.array, .array(let elements)):
      for element in elements { storage[0].builder.append(element) }
      closeRow()
    case (.map, .map(let entries)):
      for entry in entries {
        storage[0].builder.append(entry.key)
        storage[1].builder.append(entry.value)
      }
      closeRow()
    case (.struct, .struct(let values)):
      precondition(values.count == storage.count, "\(values.count) values for \(storage.count) columns")
      for (child, value) in zip(storage, values) { child.builder.append(value) }
      closeRow()
    default: preconditionFailure("\(value) in a column of type \(type)")
    }
  }

  /// The rows so far; the builder is empty afterwards.
  public mutating func finish() -> Column {
    let children = storage.map { $0.builder.finish() }
    let hasOffsets = type.hasOffsets
    let column = Column(
      type, count: count, validity: validity.take(),
      values: type.width != nil || type == .string || type == .binary ? values.take() : nil,
      offsets: hasOffsets ? offsets.take() : nil, children: children)
    if hasOffsets { offsets.append(Int32(0)) }
    count = 0
    return column
  }

  private var endOffset: Int32 {
    Column.checkedOffset(storage.isEmpty ? values.count : storage[0].builder.count)
  }
}

extension DataType {
  /// String, binary, array and map have offsets.
  var hasOffsets: Bool {
    switch self {
    case .string, .binary, .array, .map: true
    default: false
    }
  }
}
