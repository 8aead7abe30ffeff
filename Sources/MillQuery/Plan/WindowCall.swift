import MillColumns

/// A window function of a query: a value for every row, from rows around it.
struct WindowCall: Sendable {
  enum Function: Sendable {
    case rowNumber
    case rank
    case denseRank
    case percentRank
    case cumulativeShare
    /// Parts of the partition.
    case tile(Int)
    /// lag and lead: so many rows on, or back when negative. Arguments: the value, and what stands for a missing row.
    case shifted(Int, ignoresNulls: Bool)
    /// The nth value of the frame from 1 on, or from its end when negative.
    case nth(Int, ignoresNulls: Bool)
    case aggregate(AggregateCall)
  }
  var name: String
  var function: Function
  var arguments: [Expression]
  var filter: Expression?
  var partition: [Expression]
  var order: [SortKey]
  var frame: WindowFrame
  var type: DataType
  var position: SourcePosition

  /// Runs over every expression.
  mutating func rewrite(_ body: (Expression) throws -> Expression) rethrows {
    arguments = try arguments.map(body)
    filter = try filter.map(body)
    partition = try partition.map(body)
    for index in order.indices { order[index].expression = try body(order[index].expression) }
  }

  static let names: Set<String> = [
    "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "nth_value",
  ]
}

/// The rows that a window function sees, from one bound to the other.
struct WindowFrame: Sendable {
  enum Bound: Sendable {
    /// The partition's first or last row.
    case unbounded
    /// Rows on from the current one; negative = back.
    case rows(Int)
    /// The current row and all that are equal to it in order.
    case peers
    /// By the distance of the order's value; negative = before.
    case whole(Int128)
    case floating(Double)
    /// So many months from a date or timestamp, on the session's clock.
    case months(Int, LocalTime)
  }
  var start: Bound
  var end: Bound

  /// Does a distance come after the other one, whatever the row?
  var isReversed: Bool {
    switch (start, end) {
    case (.rows(let low), .rows(let high)): low > high
    case (.whole(let low), .whole(let high)): low > high
    case (.floating(let low), .floating(let high)): low > high
    case (.months(let low, _), .months(let high, _)): low > high
    default: false
    }
  }

  static let partition = WindowFrame(start: .unbounded, end: .unbounded)
  static let running = WindowFrame(start: .unbounded, end: .peers)
}
