/// One series that a SELECT reads: stored, or the answer of a sub-query.
struct InputSeries {
  enum Origin {
    case stored(Database, seriesID: Int64)
    /// `computed` points come with all their columns; `columns` names them without the time.
    case computed(columns: [String], times: [Int64], rows: [[FieldValue]])
  }
  /// Sorted by key.
  var tags: [SeriesInfo.Tag]
  var origin: Origin

  func tag(_ key: String) -> String? { tags.first { $0.key == key }?.value }
}

/// What one FROM names under one measurement's name.
struct InputMeasurement {
  var name: String
  /// Field name → number in storage (0 for sub-queries) and type.
  var fields: [String: (number: Int, type: FieldType)] = [:]
  var series: [InputSeries] = []
  /// Rows of a sub-query without time windows stay series after series.
  var keepsOrder = false

  var tagKeys: Set<String> { Set(series.flatMap { $0.tags.map(\.key) }) }
}
