import MillColumns

/// first, last, any_value, max_by, min_by, and min and max of text and nested values: one of the rows wins in every group.
///
/// @unchecked: one lane has it at a time.
final class PickAccumulator: KeptAccumulator, @unchecked Sendable {
  enum Rule: Sendable {
    case least
    case greatest
    case first
    case last
  }

  private let rule: Rule
  private let types: [DataType]
  /// first and last: null is a value too.
  private let keepsNulls: Bool
  /// For every group the place of its winner; part −1 = none yet.
  private var winners: [(part: Int32, row: Int32)] = []
  private var parts: [[Column]] = []
  private var rowsKept = 0

  /// - Parameter types: of the value, and of what it is ordered by when that is something else.
  init(_ rule: Rule, _ types: [DataType], keepsNulls: Bool = false) {
    self.rule = rule
    self.types = types
    self.keepsNulls = keepsNulls
  }

  func grow(to groups: Int) { winners.grow(to: groups, (-1, -1)) }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) {
    let part = Int32(parts.count)
    parts.append(arguments)
    var changed: [Int] = []
    for (row, group) in zip(rows, groups) where wins(arguments, Int(row), Int(group)) {
      if winners[Int(group)].part != part { changed.append(Int(group)) }
      winners[Int(group)] = (part, row)
    }
    if changed.isEmpty {
      parts.removeLast()
      return
    }
    // Only the rows that won stay in memory.
    var kept: [Int32] = []
    for group in changed {
      kept.append(winners[group].row)
      winners[group].row = Int32(kept.count - 1)
    }
    parts[Int(part)] = arguments.map { $0.take(kept) }
    rowsKept += kept.count
    if rowsKept > 4 * winners.count + 1024 { compact() }
  }

  private func wins(_ arguments: [Column], _ row: Int, _ group: Int) -> Bool {
    let order = arguments.last!
    if !keepsNulls, order.isNull(row) { return false }
    let current = winners[group]
    if current.part < 0 { return true }
    switch rule {
    case .first: return false
    case .last: return true
    case .least, .greatest:
      let result = Ordering.compare(order, row, parts[Int(current.part)].last!, Int(current.row))
      // max_by and min_by go to the last of equal rows.
      if result == 0 { return types.count == 2 }
      return rule == .least ? result < 0 : result > 0
    }
  }

  func merge(_ other: any Accumulator, groups: [Int32]) {
    let columns = (other as! PickAccumulator).compact()
    let indices = (other as! PickAccumulator).winners
    let present = indices.indices.filter { indices[$0].part >= 0 }
    if present.isEmpty { return }
    update(columns, rows: present.map { indices[$0].row }, groups: present.map { groups[$0] })
  }

  /// One part, with the winners of the groups in their order.
  @discardableResult
  private func compact() -> [Column] {
    var starts: [Int] = []
    var total = 0
    for part in parts {
      starts.append(total)
      total += part[0].count
    }
    let rows = winners.map { $0.part < 0 ? -1 : Int32(starts[Int($0.part)] + Int($0.row)) }
    let columns = types.indices.map { index in
      Column.concatenate(parts.map { $0[index] }, type: types[index]).take(rows)
    }
    for group in winners.indices where winners[group].part >= 0 { winners[group] = (0, Int32(group)) }
    parts = [columns]
    rowsKept = winners.count
    return columns
  }

  func result() -> Column { compact()[0] }

  /// The winner, and whether there is one.
  var bufferTypes: [DataType] { types + [.boolean] }
  func buffers() -> [Column] { compact() + [Column(.boolean, winners.map { .boolean($0.part >= 0) })] }
  func merge(buffers: [Column], groups: [Int32]) {
    let rows = buffers.last!.trueRows()
    if !rows.isEmpty { update(Array(buffers.dropLast()), rows: rows, groups: rows.map { groups[Int($0)] }) }
  }
}

/// collect_list: all values that are not null, in the order of the rows; collect_set is this with DISTINCT.
///
/// @unchecked: one lane has it at a time.
final class ListAccumulator: KeptAccumulator, @unchecked Sendable {
  private let element: DataType
  private var groupCount = 0
  private var parts: [Column] = []
  private var groups: [Int32] = []

  init(_ element: DataType) { self.element = element }

  func grow(to groups: Int) { groupCount = groups }

  func update(_ arguments: [Column], rows: [Int32], groups: [Int32]) {
    var kept: [Int32] = []
    for (row, group) in zip(rows, groups) where !arguments[0].isNull(Int(row)) {
      kept.append(row)
      self.groups.append(group)
    }
    if !kept.isEmpty { parts.append(arguments[0].take(kept)) }
  }

  func merge(_ other: any Accumulator, groups: [Int32]) {
    let other = other as! ListAccumulator
    parts += other.parts
    self.groups += other.groups.map { groups[Int($0)] }
  }

  var bufferTypes: [DataType] { [.array(element)] }
  func buffers() -> [Column] { [result()] }
  func merge(buffers: [Column], groups: [Int32]) {
    let (rows, targets) = buffers[0].elementRows(groups)
    if rows.isEmpty { return }
    parts.append(buffers[0].children[0].take(rows))
    self.groups += targets
  }

  func result() -> Column {
    var ends = [Int32](repeating: 0, count: groupCount + 1)
    for group in groups { ends[Int(group) + 1] += 1 }
    for group in 0..<groupCount { ends[group + 1] += ends[group] }
    var next = ends
    var rows = [Int32](repeating: 0, count: groups.count)
    for (row, group) in groups.enumerated() {
      rows[Int(next[Int(group)])] = Int32(row)
      next[Int(group)] += 1
    }
    var offsets = BufferBuilder(capacity: ends.count * 4)
    for end in ends { offsets.append(end) }
    return Column(
      .array(element), count: groupCount, offsets: offsets.take(),
      children: [Column.concatenate(parts, type: element).take(rows)])
  }
}
