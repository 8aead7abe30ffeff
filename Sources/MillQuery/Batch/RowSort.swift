import MillColumns

/// ORDER BY: rows of equal keys keep their order.
enum RowSort {
  struct Key: Sendable {
    var column: Int
    var isDescending: Bool
    var nullsFirst: Bool
  }

  static func order(_ columns: [Column], count: Int, by keys: [Key]) -> [Int32] {
    (0..<Int32(count)).sorted { a, b in
      for key in keys {
        let column = columns[key.column]
        let (i, j) = (Int(a), Int(b))
        let (isNullA, isNullB) = (column.isNull(i), column.isNull(j))
        if isNullA || isNullB {
          if isNullA != isNullB { return isNullA == key.nullsFirst }
          continue
        }
        let order = Ordering.compare(column, i, column, j)
        if order != 0 { return (order < 0) != key.isDescending }
      }
      return a < b
    }
  }
}
