import MillColumns

extension Ordering {
  /// The same order for values of one type outside of a column.
  static func compare(_ a: Value, _ b: Value) -> Int {
    func order<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : a == b ? 0 : 1 }
    switch (a, b) {
    case (.null, .null): return 0
    case (.null, _): return -1
    case (_, .null): return 1
    case (.boolean(let a), .boolean(let b)): return order(a ? 1 : 0, b ? 1 : 0)
    case (.integer(let a), .integer(let b)): return order(a, b)
    case (.float(let a), .float(let b)): return compare(.double(Double(a)), .double(Double(b)))
    case (.double(let a), .double(let b)):
      if a.isNaN || b.isNaN { return order(a.isNaN ? 1 : 0, b.isNaN ? 1 : 0) }
      return order(a, b)
    case (.decimal(let a, _), .decimal(let b, _)): return order(a, b)
    case (.date(let a), .date(let b)): return order(a, b)
    case (.timestamp(let a), .timestamp(let b)): return order(a, b)
    case (.string(let a), .string(let b)): return list(Array(a.utf8), Array(b.utf8), order)
    case (.binary(let a), .binary(let b)): return list(a, b, order)
    case (.array(let a), .array(let b)), (.struct(let a), .struct(let b)): return list(a, b, compare)
    default: preconditionFailure("\(a) and \(b) have no order")
    }
  }

  private static func list<T>(_ a: [T], _ b: [T], _ order: (T, T) -> Int) -> Int {
    for (left, right) in zip(a, b) {
      let found = order(left, right)
      if found != 0 { return found }
    }
    return a.count - b.count
  }
}
