/// One statement of InfluxQL.
enum Statement {
  case select(SelectStatement)
  case showDatabases
  case showMeasurements(ShowClauses)
  case showRetentionPolicies(database: String?)
  case showTagKeys(ShowClauses)
  case showTagValues(ShowClauses, key: TagKeyChoice)
  case showFieldKeys(ShowClauses)
  case showSeries(ShowClauses)
  /// Things that this store has none of: the columns of the empty answer.
  case showNothing(columns: [String])
  /// Retention in nanoseconds.
  case createDatabase(String, retention: Int64?)
  case setRetention(policy: String, database: String, nanoseconds: Int64, isNew: Bool)
  case dropDatabase(String)
  case dropMeasurement(String)
  case dropSeries(sources: [Source], condition: Expression?)
  case delete(sources: [Source], condition: Expression?)

  /// True for statements that change something: over GET they work, with a warning.
  var isWriting: Bool {
    switch self {
    case .createDatabase, .setRetention, .dropDatabase, .dropMeasurement, .dropSeries, .delete: true
    default: false
    }
  }
}

struct ShowClauses {
  var database: String?
  var sources: [Source] = []
  var condition: Expression?
  var limit = 0
  var offset = 0
}

enum TagKeyChoice {
  case keys([String], isNegated: Bool)
  case pattern(Pattern, isNegated: Bool)

  func contains(_ key: String) -> Bool {
    switch self {
    case .keys(let keys, let isNegated): keys.contains(key) != isNegated
    case .pattern(let pattern, let isNegated): pattern.matches(key) != isNegated
    }
  }
}

indirect enum Source {
  case measurement(database: String?, policy: String?, name: String)
  case pattern(database: String?, policy: String?, Pattern)
  case query(SelectStatement)
}

struct SelectStatement {
  struct Field {
    var expression: Expression
    var alias: String?
  }

  enum Fill {
    case null
    case none
    case previous
    case linear
    case number(Double)
  }

  struct Interval {
    /// Nanoseconds; 0 = no GROUP BY time().
    var duration: Int64 = 0
    var offset: Int64 = 0
    var isSet: Bool { duration > 0 }
  }

  var fields: [Field] = []
  var sources: [Source] = []
  var condition: Expression?
  var dimensions: [Expression] = []
  var fill = Fill.null
  /// Was a fill() written?
  var hasFill = false
  var isAscending = true
  var hasOrder = false
  /// 0 = no limit.
  var limit = 0
  var offset = 0
  var seriesLimit = 0
  var seriesOffset = 0
  var zone: TimeZone?
}
