import MillColumns

/// A join of two inputs: the right one lies in memory by its keys, the left one goes by. Inputs have their columns
/// first, then their keys.
struct HashJoin: Sendable {
  /// Candidate pairs looked at in one go, about: a row's pairs are all of one step.
  static let pairsMax = 65_536

  let join: Join
  let left: Schema
  let right: Schema
  let schema: Schema

  init(_ join: Join, left: Schema, right: Schema, schema: Schema) {
    self.join = join
    self.left = left
    self.right = right
    self.schema = schema
  }

  /// The right side in memory.
  struct Build: Sendable {
    let columns: [Column]
    fileprivate let keys = KeyTable()
    fileprivate var rows: [[Int32]] = []
    fileprivate var rowCount = 0
    /// A row with a null key, which is in no list.
    fileprivate var hasNullKey = false
  }

  func build(_ batch: ColumnBatch) -> Build {
    var build = Build(columns: Array(batch.columns.prefix(right.count)))
    build.rowCount = batch.count
    let keys = Array(batch.columns.dropFirst(right.count))
    for row in 0..<batch.count {
      guard let key = key(keys, row) else {
        build.hasNullKey = true
        continue
      }
      let (number, isNew) = build.keys.insert(key)
      if isNew { build.rows.append([]) }
      build.rows[number].append(Int32(row))
    }
    return build
  }

  /// nil: a key is null, which is equal to nothing.
  private func key(_ columns: [Column], _ row: Int) -> [UInt8]? {
    var key: [UInt8] = []
    for (index, column) in columns.enumerated() {
      if column.isNull(row), !join.keys[index].isNullSafe { return nil }
      KeyBytes.append(column, row, to: &key)
    }
    return key
  }

  /// A batch of the left side, and how far it has gone by.
  struct Probe: Sendable {
    fileprivate let batch: ColumnBatch
    fileprivate var row = 0

    init(_ batch: ColumnBatch) { self.batch = batch }

    var isAtEnd: Bool { row >= batch.count }
  }

  /// The joined rows of the next rows of the left side, in its order: so many that some ``pairsMax`` pairs are looked
  /// at.
  func next(_ probe: inout Probe, _ build: Build, _ lane: Lane) throws -> ColumnBatch {
    let columns = Array(probe.batch.columns.prefix(left.count))
    let keys = Array(probe.batch.columns.dropFirst(left.count))
    let first = probe.row
    var (lefts, rights): ([Int32], [Int32]) = ([], [])
    while probe.row < probe.batch.count, lefts.count < Self.pairsMax {
      if let key = key(keys, probe.row), let number = build.keys.find(key) {
        for other in build.rows[number] {
          lefts.append(Int32(probe.row))
          rights.append(other)
        }
      }
      probe.row += 1
    }
    let rows = first..<probe.row
    func holds(_ condition: Expression) throws -> Column {
      let pairs = columns.map { Vector($0.take(lefts)) } + build.columns.map { Vector($0.take(rights)) }
      let frame = Frame(columns: pairs, count: lefts.count, slot: { $0 })
      return try condition.evaluate(Evaluation(frame: frame, active: nil, lane: lane)).column
    }
    if let condition = join.condition, !lefts.isEmpty {
      let rows = try holds(condition).trueRows()
      lefts = rows.map { lefts[Int($0)] }
      rights = rows.map { rights[Int($0)] }
    }
    guard join.kind == .mark else { return output(columns, build, lefts, rights, rows: rows) }
    let test = try lefts.isEmpty ? nil : join.test.map(holds)
    let taken = columns.map { $0.slice(from: first, count: rows.count) }
    return ColumnBatch(schema, taken + [marks(keys, build, lefts, test, rows: rows)], count: rows.count)
  }

  /// For each row of the left side: has it a partner?
  private func marks(
    _ keys: [Column], _ build: Build, _ lefts: [Int32], _ test: Column?, rows: Range<Int>
  ) -> Column {
    var builder = ColumnBuilder(.boolean, capacity: rows.count)
    var at = 0
    for row in rows {
      var isFound = false
      while at < lefts.count, lefts[at] == row {
        let isPartner = test.map { $0.isNull(at) ? join.countsUnknown : $0.fixed(at, as: UInt8.self) != 0 }
        isFound = isFound || isPartner ?? true
        at += 1
      }
      if join.countsUnknown, join.test == nil, build.rowCount > 0, let key = keys.first {
        isFound = isFound || build.hasNullKey || key.isNull(row)
      }
      builder.append(.boolean(isFound))
    }
    return builder.finish()
  }

  private func output(
    _ columns: [Column], _ build: Build, _ lefts: [Int32], _ rights: [Int32], rows: Range<Int>
  ) -> ColumnBatch {
    if join.kind == .inner { return joined(columns, build, lefts, rights) }
    var (outLefts, outRights): ([Int32], [Int32]) = ([], [])
    var at = 0
    for row in rows {
      let start = at
      while at < lefts.count, lefts[at] == row { at += 1 }
      switch join.kind {
      case .left where start < at:
        for pair in start..<at {
          outLefts.append(lefts[pair])
          outRights.append(rights[pair])
        }
      case .left:
        outLefts.append(Int32(row))
        outRights.append(-1)
      case .semi: if start < at { outLefts.append(Int32(row)) }
      default: if start == at { outLefts.append(Int32(row)) }
      }
    }
    if join.kind == .left { return joined(columns, build, outLefts, outRights) }
    return ColumnBatch(schema, columns.map { $0.take(outLefts) }, count: outLefts.count)
  }

  private func joined(_ columns: [Column], _ build: Build, _ lefts: [Int32], _ rights: [Int32]) -> ColumnBatch {
    ColumnBatch(
      schema, columns.map { $0.take(lefts) } + build.columns.map { $0.take(rights) }, count: lefts.count)
  }
}
