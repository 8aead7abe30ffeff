/// One series of a statement's answer.
struct ResultSeries {
  /// Empty for some SHOW answers.
  var name: String
  /// Sorted by key; nil without GROUP BY.
  var tags: [SeriesInfo.Tag]?
  var columns: [String]
  /// When there is a time column (always the first), its values; else nil.
  var times: [Int64]?
  /// The other columns.
  var rows: [[FieldValue]]
}

/// The answer to one statement.
struct StatementResult {
  var series: [ResultSeries] = []
  var error: String?
  var warning: String?
  /// For times as text.
  var zone = TimeZone.utc
}
