import MillBase

/// `OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`
struct WindowSpec: Sendable {
  enum Bound: Sendable {
    case unbounded
    case current
    case preceding(Syntax)
    case following(Syntax)
  }
  struct Frame: Sendable {
    /// ROWS; else RANGE.
    var isRows: Bool
    var start: Bound
    var end: Bound
  }
  /// A window of the WINDOW clause that this one begins with.
  var base: String?
  var partition: [Syntax] = []
  var order: [OrderItem] = []
  var frame: Frame?
}

extension Parser {
  /// What follows OVER.
  mutating func windowSpec() throws -> WindowSpec {
    guard accept(sign: "(") else { return WindowSpec(base: try name("a window's name or '('")) }
    var spec = WindowSpec()
    if case .word = token.kind, !peek(oneOf: ["PARTITION", "DISTRIBUTE", "ORDER", "SORT", "ROWS", "RANGE"]) {
      spec.base = try name("a window's name")
    }
    if accept(words: "PARTITION", "BY") || accept(words: "DISTRIBUTE", "BY") {
      repeat { spec.partition.append(try expression()) } while accept(sign: ",")
    }
    if accept(words: "ORDER", "BY") || accept(words: "SORT", "BY") {
      repeat { spec.order.append(try orderItem()) } while accept(sign: ",")
    }
    if peek(word: "ROWS") || peek(word: "RANGE") {
      let isRows = accept(word: "ROWS")
      if !isRows { advance() }
      if accept(word: "BETWEEN") {
        let start = try bound()
        try expect(word: "AND")
        spec.frame = .init(isRows: isRows, start: start, end: try bound())
      } else {
        spec.frame = .init(isRows: isRows, start: try bound(), end: .current)
      }
    }
    try expect(sign: ")")
    return spec
  }

  private mutating func bound() throws -> WindowSpec.Bound {
    if accept(words: "CURRENT", "ROW") { return .current }
    if accept(words: "UNBOUNDED", "PRECEDING") || accept(words: "UNBOUNDED", "FOLLOWING") { return .unbounded }
    let distance = try comparisonOperand()
    if accept(word: "PRECEDING") { return .preceding(distance) }
    guard accept(word: "FOLLOWING") else { throw unexpected("PRECEDING or FOLLOWING") }
    return .following(distance)
  }

  /// `WINDOW w AS (…), x AS (…)`
  mutating func windowClause() throws -> [String: WindowSpec] {
    var windows: [String: WindowSpec] = [:]
    guard peek(word: "WINDOW") else { return windows }
    advance()
    repeat {
      let name = try name("a window's name")
      try expect(word: "AS")
      windows[name.lowercased()] = try windowSpec()
    } while accept(sign: ",")
    return windows
  }
}
