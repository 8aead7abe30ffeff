import MillColumns

/// The value of a sub-query: more than one row in a group is an error.
///
/// @unchecked: one lane has it at a time.
final class SingleValueAccumulator: Accumulator, @unchecked Sendable {
  private let type: DataType
  private var counts: [Int] = []
  private let first: PickAccumulator

  init(_ type: DataType) {
    self.type = type
    first = PickAccumulator(.first, [type], keepsNulls: true)
  }

  func grow(to groups: Int) {
    counts.grow(to: groups, 0)
    first.grow(to: groups)
  }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) throws {
    for group in groups { try add(1, to: Int(group)) }
    first.update(arguments, rows: rows, groups: groups)
  }

  func merge(_ other: any Accumulator, groups: [Int32]) throws {
    let other = other as! SingleValueAccumulator
    for (number, group) in groups.enumerated() { try add(other.counts[number], to: Int(group)) }
    first.merge(other.first, groups: groups)
  }

  private func add(_ count: Int, to group: Int) throws {
    counts[group] += count
    if counts[group] > 1 {
      throw Failure(
        "[SCALAR_SUBQUERY_TOO_MANY_ROWS] More than one row returned by a subquery used as an expression. "
          + "SQLSTATE: 21000")
    }
  }

  func result() -> Column { first.result() }
}
