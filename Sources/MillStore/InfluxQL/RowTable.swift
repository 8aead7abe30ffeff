/// Rows of one group: times, and for each row as many cells as the statement names fields and tags.
struct RowTable {
  /// Column names; a column of a tag holds strings or nulls.
  let columns: [String]
  private let indices: [String: Int]
  private(set) var times: [Int64] = []
  private(set) var cells: [FieldValue] = []

  init(columns: [String]) {
    self.columns = columns
    indices = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
  }

  var count: Int { times.count }
  var width: Int { columns.count }

  func index(of name: String) -> Int? { indices[name] }

  subscript(row: Int, column: Int) -> FieldValue { cells[row * columns.count + column] }

  func value(_ row: Int, _ name: String) -> FieldValue { indices[name].map { self[row, $0] } ?? .null }

  mutating func append(_ time: Int64, _ row: [FieldValue]) {
    times.append(time)
    cells += row
  }

  /// Sorts by time, rows of one time stay as they are.
  mutating func sort(isAscending: Bool) {
    let isSorted = times.indices.dropFirst().allSatisfy {
      isAscending ? times[$0 - 1] <= times[$0] : times[$0 - 1] >= times[$0]
    }
    if isSorted { return }
    let order = times.indices.sorted { a, b in
      if times[a] != times[b] { return isAscending ? times[a] < times[b] : times[a] > times[b] }
      return a < b
    }
    times = order.map { times[$0] }
    let width = columns.count
    var sorted: [FieldValue] = []
    sorted.reserveCapacity(cells.count)
    for row in order { sorted += cells[(row * width)..<((row + 1) * width)] }
    cells = sorted
  }
}
