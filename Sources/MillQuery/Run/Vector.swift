import MillColumns
import MillLog

/// The values of an expression over a frame: a column, one value for all rows, or values still lying in the records.
struct Vector: Sendable {
  enum Storage: Sendable {
    case column(Column)
    /// A column of one row.
    case constant(Column)
    /// The values of the scan's rows, not copied yet.
    case scanned(ScanInput)
  }
  var storage: Storage
  /// Rows; a constant has as many as the frame.
  var count: Int
  var type: DataType

  init(_ column: Column) {
    storage = .column(column)
    count = column.count
    type = column.type
  }

  init(constant column: Column, count: Int) {
    precondition(column.count == 1, "a constant is one row")
    storage = .constant(column)
    self.count = count
    type = column.type
  }

  init(valuesOf input: ScanInput, as type: DataType) {
    storage = .scanned(input)
    count = input.count
    self.type = type
  }

  var isConstant: Bool { if case .constant = storage { true } else { false } }

  /// All rows as a column.
  var column: Column {
    switch storage {
    case .column(let column): return column
    case .constant(let column): return column.take([Int32](repeating: 0, count: count))
    case .scanned(let input): return Cast.validText(input.valueColumn(of: .binary)).relabelled(type)
    }
  }

  /// The column, of one row for a constant; read row `r` at `r & mask`.
  var compact: (column: Column, mask: Int) {
    if case .constant(let column) = storage { (column, 0) } else { (column, -1) }
  }

  /// The rows in the order of the indices; negative gives null.
  func take(_ indices: [Int32]) -> Vector {
    if case .constant(let column) = storage, !indices.contains(where: { $0 < 0 }) {
      return Vector(constant: column, count: indices.count)
    }
    return Vector(column.take(indices))
  }
}

extension RecordBatch {
  /// A binary or string column of one part of every record.
  func column(of type: DataType, _ part: (Slot) -> (start: Int32, count: Int32)) -> Column {
    var total = 0
    for slot in slots { total += Int(max(0, part(slot).count)) }
    var offsets = BufferBuilder(capacity: (count + 1) * 4)
    var values = BufferBuilder(capacity: total)
    var validity = ValidityBuilder(capacity: count)
    offsets.append(Int32(0))
    bytes.withUnsafeBytes { bytes in
      for slot in slots {
        let (start, count) = part(slot)
        if start >= 0 { values.append(UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(start + count)])) }
        validity.append(start >= 0)
        offsets.append(Column.checkedOffset(values.count))
      }
    }
    return Column(type, count: count, validity: validity.take(), values: values.take(), offsets: offsets.take())
  }
}
