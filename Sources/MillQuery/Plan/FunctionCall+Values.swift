import MillColumns

extension FunctionCall {
  /// A function of single values: for what is rare or works on nested values anyway.
  ///
  /// - Parameter takesNull: indices of the arguments that may be null; null in any other argument gives null.
  func values(
    _ type: DataType, takesNull: Set<Int> = [], _ body: @escaping @Sendable (_ arguments: [Value]) throws -> Value
  ) -> Expression {
    result(type) { vectors, evaluation in
      let columns = vectors.map(\.compact)
      return try evaluation.build(vectors, to: type) { row, out in
        for (index, column) in columns.enumerated() where !takesNull.contains(index) {
          if column.column.isNull(row & column.mask) { return out.appendNull() }
        }
        out.append(try body(columns.map { $0.column.value(row & $0.mask) }))
      }
    }
  }

  /// Text becomes its bytes, everything else text first.
  mutating func castToBytes(_ index: Int) throws {
    if type(index) == .binary { return }
    try castToText([index])
    try cast(index, to: .binary)
  }

  func array(_ index: Int, wants: String = "an array") throws -> DataType {
    guard case .array(let element) = type(index) else { throw mismatch(index, wants: wants) }
    return element
  }

  func map(_ index: Int) throws -> (key: DataType, value: DataType) {
    guard case .map(let key, let value) = type(index) else { throw mismatch(index, wants: "a map") }
    return (key, value)
  }
}

extension Value {
  var elements: [Value] { if case .array(let elements) = self { elements } else { [] } }
  var entries: [Entry] { if case .map(let entries) = self { entries } else { [] } }
  var text: String { if case .string(let text) = self { text } else { "" } }
  var whole: Int { if case .integer(let value) = self { Int(value) } else { 0 } }
  var number: Double { if case .double(let value) = self { value } else { .nan } }

  /// Equal for values that Spark's sets take for equal: texts by their bytes, NaN equal to itself, 0.0 apart from −0.0.
  var identity: Value {
    switch self {
    case .string(let text): .binary(Array(text.utf8))
    case .double(let value): .integer(Int64(bitPattern: (value.isNaN ? .nan : value).bitPattern))
    case .float(let value): .integer(Int64((value.isNaN ? .nan : value).bitPattern))
    case .array(let elements): .array(elements.map(\.identity))
    case .struct(let fields): .struct(fields.map(\.identity))
    default: self
    }
  }
}
