import MillColumns

/// The state of one aggregate function for all groups of an aggregation.
///
/// Groups are numbers from 0 on. What a batch, or another lane, has collected can be merged in; a null argument is a
/// row that the function passes over, unless it says otherwise.
protocol Accumulator: AnyObject, Sendable {
  /// There are so many groups now; new ones are empty.
  func grow(to groups: Int)
  /// Row `rows[i]` of the arguments goes to group `groups[i]`.
  ///
  /// - Throws: `Failure`: an overflow in ANSI mode.
  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) throws
  /// Group `g` of the other, which is of the same class, joins group `groups[g]`.
  func merge(_ other: any Accumulator, groups: [Int32]) throws
  /// A row for every group.
  func result() throws -> Column
}

/// An accumulator whose groups can be kept from one micro-batch to the next, as columns.
protocol KeptAccumulator: Accumulator {
  var bufferTypes: [DataType] { get }
  /// A row for every group, in columns of the ``bufferTypes``.
  func buffers() -> [Column]
  /// Row `i` of another's buffers joins group `groups[i]`.
  func merge(buffers: [Column], groups: [Int32]) throws
}

/// An aggregate function of a query with its arguments.
struct AggregateCall: Sendable {
  var name: String
  var arguments: [Expression]
  /// FILTER (WHERE …): only rows where it is true.
  var filter: Expression?
  var isDistinct: Bool
  var type: DataType
  var position: SourcePosition
  /// What it does that shows in none of its arguments: calls that differ in it are not the same.
  var parameters = ""
  var make: @Sendable () -> any Accumulator

  func accumulator() -> any Accumulator {
    isDistinct ? DistinctAccumulator(make(), arguments.map(\.type)) : make()
  }
}

/// DISTINCT: the inner function gets every combination of arguments once for a group.
///
/// @unchecked: one lane has it at a time, as with all accumulators.
final class DistinctAccumulator: KeptAccumulator, @unchecked Sendable {
  private let inner: any Accumulator
  private let types: [DataType]
  private let seen = KeyTable()
  private var parts: [(arguments: [Column], groups: [Int32])] = []

  init(_ inner: any Accumulator, _ types: [DataType]) {
    self.inner = inner
    self.types = types
  }

  private var groupCount = 0

  func grow(to groups: Int) {
    groupCount = groups
    inner.grow(to: groups)
  }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) throws {
    let ofGroup = Column.fixed(.integer, count: groups.count, as: Int32.self) {
      $0.update(from: groups, count: groups.count)
    }
    let values = arguments.map { $0.take(rows) }
    var places: [Int32] = []
    _ = seen.insert(KeyRows([ofGroup] + values, count: rows.count), newRows: &places)
    if places.isEmpty { return }
    let newRows = places.map { rows[Int($0)] }
    let newGroups = places.map { groups[Int($0)] }
    parts.append((arguments.map { $0.take(newRows) }, newGroups))
    try inner.update(arguments, rows: newRows, groups: newGroups)
  }

  func merge(_ other: any Accumulator, groups: [Int32]) throws {
    for part in (other as! DistinctAccumulator).parts {
      let mapped = part.groups.map { groups[Int($0)] }
      try update(part.arguments, rows: (0..<Int32(mapped.count)).map { $0 }, groups: mapped)
    }
  }

  func result() throws -> Column { try inner.result() }

  private var combination: DataType { .struct(Schema(types.map { .init("", $0) })) }
  var bufferTypes: [DataType] { [.array(combination)] }

  /// The values that each group has seen.
  func buffers() -> [Column] {
    let lists = ListAccumulator(combination)
    lists.grow(to: groupCount)
    for part in parts {
      let rows = Column(combination, count: part.groups.count, children: part.arguments)
      lists.update([rows], rows: (0..<Int32(part.groups.count)).map { $0 }, groups: part.groups)
    }
    return [lists.result()]
  }

  func merge(buffers: [Column], groups: [Int32]) throws {
    let (rows, targets) = buffers[0].elementRows(groups)
    try update(buffers[0].children[0].children, rows: rows, groups: targets)
  }
}

extension Column {
  /// The elements of an array column's rows, each with the group of its row.
  func elementRows(_ groups: [Int32]) -> (rows: [Int32], groups: [Int32]) {
    var (rows, targets): ([Int32], [Int32]) = ([], [])
    for (row, group) in groups.enumerated() {
      for element in offset(row)..<offset(row + 1) {
        rows.append(Int32(element))
        targets.append(group)
      }
    }
    return (rows, targets)
  }
}
