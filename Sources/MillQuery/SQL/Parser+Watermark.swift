import MillBase

/// `WATERMARK ts DELAY OF INTERVAL 10 MINUTES` after a view or a sub-query (Spark's SqlBaseParser.g4, watermarkClause).
struct WatermarkClause: Sendable {
  var time: Syntax
  /// A name makes a column of the expression.
  var alias: String?
  var delayMicroseconds: Int64
  var position: SourcePosition
}

/// `DEDUPLICATE [BY (a, b)] [WITHIN WATERMARK]` after it: dropDuplicates, for which SQL has no words. Not Spark's.
struct DeduplicateClause: Sendable {
  /// None = all columns.
  var columns: [String]
  var isWithinWatermark: Bool
  var position: SourcePosition
}

/// What may stand between a relation and its alias.
struct StreamClauses: Sendable {
  var watermark: WatermarkClause?
  var deduplicate: DeduplicateClause?

  func around(_ relation: Relation) -> Relation {
    let timed = watermark.map { Relation.watermarked(relation, $0) } ?? relation
    return deduplicate.map { .deduplicated(timed, $0) } ?? timed
  }
}

extension Parser {
  mutating func streamClauses() throws -> StreamClauses {
    StreamClauses(watermark: try watermark(), deduplicate: try deduplicate())
  }

  private mutating func deduplicate() throws -> DeduplicateClause? {
    let start = position
    guard peek(word: "DEDUPLICATE") else { return nil }
    advance()
    var clause = DeduplicateClause(columns: [], isWithinWatermark: false, position: start)
    if accept(word: "BY") {
      try expect(sign: "(")
      clause.columns = try bareColumnNames()
    }
    clause.isWithinWatermark = accept(words: "WITHIN", "WATERMARK")
    return clause
  }

  private mutating func watermark() throws -> WatermarkClause? {
    let start = position
    // A view may have the alias `watermark`: then no expression follows.
    guard peek(word: "WATERMARK"), ahead(1).kind != .sign(","), ahead(1).kind != .sign(")"), ahead(1).kind != .end,
      !peek(oneOf: ["WHERE", "GROUP", "ON", "JOIN", "ORDER", "LIMIT", "UNION", "LEFT", "INNER"], ahead: 1)
    else { return nil }
    advance()
    let time = try expression()
    let alias = accept(word: "AS") ? try name("an alias") : nil
    guard accept(words: "DELAY", "OF") else { throw unexpected("DELAY OF INTERVAL …") }
    let delayStart = position
    guard peek(word: "INTERVAL"), beginsInterval,
      case .literal(.interval(let delay, let type)) = try intervalLiteral().kind
    else { throw unexpected("INTERVAL 10 MINUTES or the like") }
    guard case .dayTimeInterval = type else {
      throw error("a watermark's delay can't have months: they differ in length", at: delayStart)
    }
    return WatermarkClause(time: time, alias: alias, delayMicroseconds: delay, position: start)
  }

  /// `10 minutes`, `1 hour 30 minutes`: a length of time as a text, in microseconds. nil for anything else, and for
  /// months, which differ in length.
  static func fixedInterval(_ text: String) -> Int64? {
    guard !text.contains("'"), !text.contains("\\"), var parser = try? Parser("INTERVAL '\(text)'"),
      case .literal(.interval(let value, .dayTimeInterval))? = try? parser.intervalLiteral().kind,
      parser.token.kind == .end
    else { return nil }
    return value
  }
}
