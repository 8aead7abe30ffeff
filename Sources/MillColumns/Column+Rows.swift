/// Choosing and joining rows.
extension Column {
  /// Rows `start ..< start + count`. Values are not copied (a validity bitmap may be).
  public func slice(from start: Int, count: Int) -> Column {
    precondition(start >= 0 && count >= 0 && start + count <= self.count, "outside of the column")
    if start == 0, count == self.count { return self }
    let validity = validity.map { Validity.slice($0, from: start, count: count) }
    let offsets = offsets.map { Buffer($0, from: start * 4, count: (count + 1) * 4) }
    var values = values
    var children = children
    if let width = type.width { values = Buffer(values!, from: start * width, count: count * width) }
    if case .struct = type { children = children.map { $0.slice(from: start, count: count) } }
    return Column(type, count: count, validity: validity, values: values, offsets: offsets, children: children)
  }

  /// The rows in the order of the indices; a negative index gives null.
  public func take(_ indices: [Int32]) -> Column {
    indices.withUnsafeBufferPointer { take($0) }
  }

  public func take(_ indices: UnsafeBufferPointer<Int32>) -> Column {
    let validity = takeValidity(indices)
    switch type {
    case .null: return Column(.null, count: indices.count)
    case .struct:
      let children = children.map { $0.take(indices) }
      return Column(type, count: indices.count, validity: validity, children: children)
    case .string, .binary: return takeStrings(indices, validity)
    case .array, .map: return takeLists(indices, validity)
    default:
      let values =
        switch type.width! {
        case 1: takeFixed(indices, UInt8.self)
        case 2: takeFixed(indices, UInt16.self)
        case 4: takeFixed(indices, UInt32.self)
        case 8: takeFixed(indices, UInt64.self)
        default: takeFixed(indices, UInt128.self)
        }
      return Column(type, count: indices.count, validity: validity, values: values)
    }
  }

  /// The numbers of the rows in which a boolean column is true.
  public func trueRows() -> [Int32] {
    precondition(type == .boolean, "a filter needs a boolean column, not \(type)")
    var rows: [Int32] = []
    rows.reserveCapacity(count)
    withFixed(UInt8.self) { values in
      for row in 0..<count where values[row] != 0 && !isNull(row) { rows.append(Int32(row)) }
    }
    return rows
  }

  /// The rows where `mask` is true.
  public func filter(_ mask: Column) -> Column {
    let rows = mask.trueRows()
    return rows.count == count ? self : take(rows)
  }

  /// All rows of the columns, which must be of that type.
  public static func concatenate(_ columns: [Column], type: DataType) -> Column {
    if columns.count == 1 { return columns[0] }
    let count = columns.reduce(0) { $0 + $1.count }
    var validity = ValidityBuilder(capacity: count)
    for column in columns {
      if column.nullCount == 0 {
        validity.append(true, times: column.count)
      } else {
        for row in 0..<column.count { validity.append(!column.isNull(row)) }
      }
    }
    let bits = validity.take()
    if case .struct(let schema) = type {
      let children = schema.columns.indices.map { index in
        concatenate(columns.map { $0.children[index] }, type: schema.columns[index].type)
      }
      return Column(type, count: count, validity: bits, children: children)
    }
    if let width = type.width {
      var values = BufferBuilder(capacity: count * width)
      for column in columns { values.append(.init(start: column.values!.base, count: column.count * width)) }
      return Column(type, count: count, validity: bits, values: values.take())
    }
    if type == .null { return Column(.null, count: count) }
    return concatenateVarying(columns, type, count, bits)
  }

  // MARK: By layout

  private func takeValidity(_ indices: UnsafeBufferPointer<Int32>) -> Buffer? {
    if nullCount == 0, !indices.contains(where: { $0 < 0 }) { return nil }
    var validity = ValidityBuilder(capacity: indices.count)
    for index in indices { validity.append(index >= 0 && !isNull(Int(index))) }
    return validity.take()
  }

  private func takeFixed<T: FixedWidthInteger & BitwiseCopyable>(
    _ indices: UnsafeBufferPointer<Int32>, _ type: T.Type
  ) -> Buffer {
    var result = BufferBuilder(capacity: indices.count * MemoryLayout<T>.stride)
    let target = result.base.assumingMemoryBound(to: T.self)
    withFixed(T.self) { source in
      for (position, index) in indices.enumerated() { target[position] = index < 0 ? 0 : source[Int(index)] }
    }
    result.count = indices.count * MemoryLayout<T>.stride
    return result.take()
  }

  private func takeStrings(_ indices: UnsafeBufferPointer<Int32>, _ validity: Buffer?) -> Column {
    withStrings { from, bytes in
      var total = 0
      for index in indices where index >= 0 { total += Int(from[Int(index) + 1] - from[Int(index)]) }
      var offsets = BufferBuilder(capacity: (indices.count + 1) * 4)
      var values = BufferBuilder(capacity: total)
      offsets.append(Int32(0))
      for index in indices {
        if index >= 0 {
          let start = Int(from[Int(index)])
          values.append(.init(start: bytes + start, count: Int(from[Int(index) + 1]) - start))
        }
        offsets.append(Column.checkedOffset(values.count))
      }
      return Column(
        type, count: indices.count, validity: validity, values: values.take(), offsets: offsets.take())
    }
  }

  private func takeLists(_ indices: UnsafeBufferPointer<Int32>, _ validity: Buffer?) -> Column {
    var offsets = BufferBuilder(capacity: (indices.count + 1) * 4)
    offsets.append(Int32(0))
    var elements: [Int32] = []
    for index in indices {
      if index >= 0 { for element in offset(Int(index))..<offset(Int(index) + 1) { elements.append(Int32(element)) } }
      offsets.append(Column.checkedOffset(elements.count))
    }
    let children = children.map { $0.take(elements) }
    return Column(type, count: indices.count, validity: validity, offsets: offsets.take(), children: children)
  }

  private static func concatenateVarying(
    _ columns: [Column], _ type: DataType, _ count: Int, _ validity: Buffer?
  ) -> Column {
    var offsets = BufferBuilder(capacity: (count + 1) * 4)
    offsets.append(Int32(0))
    var end = 0
    for column in columns {
      let start = column.offset(0)
      for row in 0..<column.count { offsets.append(checkedOffset(end + column.offset(row + 1) - start)) }
      end += column.offset(column.count) - start
    }
    if type == .string || type == .binary {
      var values = BufferBuilder(capacity: end)
      for column in columns {
        let start = column.offset(0)
        values.append(.init(start: column.values!.base + start, count: column.offset(column.count) - start))
      }
      return Column(type, count: count, validity: validity, values: values.take(), offsets: offsets.take())
    }
    let children = type.childTypes.indices.map { child in
      concatenate(
        columns.map { column in
          let start = column.offset(0)
          return column.children[child].slice(from: start, count: column.offset(column.count) - start)
        }, type: type.childTypes[child])
    }
    return Column(type, count: count, validity: validity, offsets: offsets.take(), children: children)
  }

  /// Most bytes (or elements) that all rows of a column hold together.
  public static let bytesMax = Int(Int32.max)

  /// The number as an offset. A column past the limit can't exist, so this stops the program: batches are cut long
  /// before.
  @inlinable public static func checkedOffset(_ offset: Int) -> Int32 {
    guard let narrow = Int32(exactly: offset) else { fatalError("a column holds at most \(bytesMax) bytes") }
    return narrow
  }
}

extension DataType {
  /// Types of the children of an array (elements) or map (keys, values) or struct.
  var childTypes: [DataType] {
    switch self {
    case .array(let element): [element]
    case .map(let key, let value): [key, value]
    case .struct(let schema): schema.columns.map(\.type)
    default: []
    }
  }
}
