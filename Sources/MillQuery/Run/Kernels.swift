import MillColumns

/// Types that a fixed-width column's memory holds.
protocol Fixed: BitwiseCopyable {}
extension UInt8: Fixed {}
extension Int8: Fixed {}
extension Int16: Fixed {}
extension Int32: Fixed {}
extension Int64: Fixed {}
extension Int128: Fixed {}
extension Float: Fixed {}
extension Double: Fixed {}

typealias Bytes = UnsafeBufferPointer<UInt8>

/// How a kernel reads one argument: by row, without copying.
struct Argument<Value> {
  let column: Column
  let mask: Int
  let read: (Column, Int) -> Value

  func isNull(_ row: Int) -> Bool { column.isNull(row & mask) }
  @inline(__always) subscript(row: Int) -> Value { read(column, row & mask) }
}

extension Vector {
  func fixed<T: Fixed>(_: T.Type = T.self) -> Argument<T> {
    let (column, mask) = compact
    return Argument(column: column, mask: mask) { $0.fixed($1, as: T.self) }
  }

  var booleans: Argument<Bool> {
    let (column, mask) = compact
    return Argument(column: column, mask: mask) { $0.fixed($1, as: UInt8.self) != 0 }
  }

  /// The pointer is good as long as the column lives, which the argument holds.
  var bytes: Argument<Bytes> {
    let (column, mask) = compact
    return Argument(column: column, mask: mask) { column, row in
      let start = column.offset(row)
      return Bytes(start: column.values!.pointer(UInt8.self) + start, count: column.offset(row + 1) - start)
    }
  }

  var strings: Argument<String> {
    let (column, mask) = compact
    return Argument(column: column, mask: mask) { column, row in
      column.withBytes(row) { String(decoding: $0, as: UTF8.self) }
    }
  }
}

/// Collects the results of a kernel row by row.
struct FixedResult<T: Fixed>: ~Copyable {
  var values: BufferBuilder
  var validity: ValidityBuilder
  init(_ count: Int) {
    values = BufferBuilder(capacity: count * MemoryLayout<T>.stride)
    validity = ValidityBuilder(capacity: count)
  }
  mutating func append(_ value: T?) {
    if let value {
      values.append(value)
      validity.append(true)
    } else {
      values.reserve(MemoryLayout<T>.stride)
      (values.base + values.count).initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<T>.stride)
      values.count += MemoryLayout<T>.stride
      validity.append(false)
    }
  }
  mutating func vector(_ type: DataType, constant: Bool, count: Int) -> Vector {
    let rows = constant ? 1 : count
    let column = Column(type, count: rows, validity: validity.take(), values: values.take())
    return constant ? Vector(constant: column, count: count) : Vector(column)
  }
}

extension Evaluation {
  /// One value in, one fixed-width value out. Null in, null out.
  @inline(__always)
  func map<A, R: Fixed>(
    _ vector: Vector, _ a: Argument<A>, to type: DataType, _ body: (A) throws -> R?
  ) throws -> Vector {
    var result = FixedResult<R>(count)
    let constant = try rows([vector]) { row in
      result.append(a.isNull(row) ? nil : try body(a[row]))
    } failed: { _ in
      result.append(nil)
    }
    return result.vector(type, constant: constant, count: count)
  }

  @inline(__always)
  func map<A, B, R: Fixed>(
    _ inputs: [Vector], _ a: Argument<A>, _ b: Argument<B>, to type: DataType, _ body: (A, B) throws -> R?
  ) throws -> Vector {
    var result = FixedResult<R>(count)
    let constant = try rows(inputs) { row in
      result.append(a.isNull(row) || b.isNull(row) ? nil : try body(a[row], b[row]))
    } failed: { _ in
      result.append(nil)
    }
    return result.vector(type, constant: constant, count: count)
  }

  /// Any inputs, any output: the body appends exactly one value to the builder, or throws before it does.
  func build(
    _ inputs: [Vector], to type: DataType, _ body: (_ row: Int, _ out: inout ColumnBuilder) throws -> Void
  ) throws -> Vector {
    var builder = ColumnBuilder(type, capacity: count)
    let constant = try rows(inputs) { row in
      try body(row, &builder)
    } failed: { _ in
      builder.appendNull()
    }
    let column = builder.finish()
    return constant ? Vector(constant: column, count: count) : Vector(column)
  }

  /// Text or bytes out; the body appends to the buffer and says whether the result is a value. Null in, null out.
  func mapBytes(
    _ inputs: [Vector], to type: DataType = .string, _ body: (_ row: Int, _ out: inout [UInt8]) throws -> Bool
  ) throws -> Vector {
    let columns = inputs.map(\.compact)
    var scratch: [UInt8] = []
    return try build(inputs, to: type) { row, out in
      if columns.contains(where: { $0.column.isNull(row & $0.mask) }) { return out.appendNull() }
      scratch.removeAll(keepingCapacity: true)
      if try body(row, &scratch) { scratch.withUnsafeBytes { out.append(bytes: $0) } } else { out.appendNull() }
    }
  }
}
