import MillColumns

extension Column {
  /// The body for the value of every row `rows[i]` that is not null, with its group `groups[i]`.
  @inline(__always)
  func forEachValue<T: BitwiseCopyable>(
    _: T.Type, rows: [Int32], groups: [Int32], _ body: (_ value: T, _ group: Int) throws -> Void
  ) rethrows {
    try withFixed(T.self) { values in
      try rows.withUnsafeBufferPointer { rows in
        try groups.withUnsafeBufferPointer { groups in
          if nullCount == 0 {
            for index in rows.indices { try body(values[Int(rows[index])], Int(groups[index])) }
          } else {
            for index in rows.indices where !isNull(Int(rows[index])) {
              try body(values[Int(rows[index])], Int(groups[index]))
            }
          }
        }
      }
    }
  }

  /// A row for every group: null where nothing was counted.
  @inline(__always)
  static func perGroup<T: Fixed>(_ type: DataType, _ counts: [Int64], _ value: (_ group: Int) -> T) -> Column {
    var validity = ValidityBuilder(capacity: counts.count)
    for count in counts { validity.append(count > 0) }
    return fixed(type, count: counts.count, validity: validity.take(), as: T.self) { target in
      for group in counts.indices { target[group] = value(group) }
    }
  }
}
