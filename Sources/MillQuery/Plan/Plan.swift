import MillColumns

/// A logical plan: where rows come from and what becomes of them.
indirect enum Plan: Sendable {
  /// One row without columns: SELECT without FROM.
  case oneRow
  case scan(Source)
  case project([Expression], Schema, Plan)
  case filter(Expression, Plan)
  /// The input's columns, then the generator's.
  case generate(Generator, Schema, Plan)
  case unionAll([Plan])
  /// A row for every combination of the keys: the keys, then the functions' results. Without keys, one row.
  case aggregate([Expression], [AggregateCall], Schema, Plan)
  /// The input's columns, then the functions' results.
  case window([WindowCall], Plan)
  case sort([SortKey], SourcePosition, Plan)
  case limit(Int?, offset: Int, SourcePosition, Plan)
  /// The left side's columns, then the right side's (not for semi and anti).
  case join(Join, SourcePosition, Plan, Plan)
  /// Event time is in this column, and rows come at most so late.
  case watermark(Watermark, Plan)
  /// The first row of every key.
  case deduplicate(Deduplication, SourcePosition, Plan)
  /// What an operator makes that has to see all rows first, by name: it runs on its own (``BatchPlan``).
  case rows(String, Schema)

  var schema: Schema {
    switch self {
    case .oneRow: Schema([])
    case .scan(let source): source.schema
    case .project(_, let schema, _), .generate(_, let schema, _), .rows(_, let schema), .aggregate(_, _, let schema, _):
      schema
    case .filter(_, let input), .sort(_, _, let input), .limit(_, _, _, let input), .watermark(_, let input),
      .deduplicate(_, _, let input):
      input.schema
    case .window(let calls, let input):
      Schema(input.schema.columns + calls.map { .init($0.name, $0.type) })
    case .unionAll(let inputs): inputs[0].schema
    case .join(let join, _, let left, let right):
      switch join.kind {
      case .semi, .anti: left.schema
      case .mark: Schema(left.schema.columns + [.init("exists", .boolean)])
      default: Schema(left.schema.columns + right.schema.columns)
      }
    }
  }

  /// The same with its files read as streams; nil when it reads neither a stream nor files.
  var asStream: Plan? {
    switch self {
    case .scan(var source):
      guard case .files(var files) = source.kind else { return source.isStreaming ? self : nil }
      if files.isStreaming { return self }
      files.isStreaming = true
      source.kind = .files(files)
      // The same files may be read as they are beside it.
      source.name = "STREAM \(source.name)"
      return .scan(source)
    case .project(let expressions, let schema, let input):
      return input.asStream.map { .project(expressions, schema, $0) }
    case .filter(let condition, let input): return input.asStream.map { .filter(condition, $0) }
    // Any other view says itself what in it is a stream.
    default: return isStreaming ? self : nil
    }
  }

  var inputs: [Plan] {
    switch self {
    case .oneRow, .scan, .rows: []
    case .project(_, _, let input), .filter(_, let input), .generate(_, _, let input), .aggregate(_, _, _, let input),
      .sort(_, _, let input), .limit(_, _, _, let input), .watermark(_, let input), .deduplicate(_, _, let input),
      .window(_, let input):
      [input]
    case .unionAll(let inputs): inputs
    case .join(_, _, let left, let right): [left, right]
    }
  }

  /// All sources, in the order of the script, each once.
  var sources: [Source] {
    if case .scan(let source) = self { return [source] }
    return inputs.flatMap(\.sources).reduce(into: []) { all, next in
      if !all.contains(where: { $0.name == next.name }) { all.append(next) }
    }
  }
}

struct SortKey: Sendable {
  var expression: Expression
  var isDescending: Bool
  var nullsFirst: Bool
}

/// How two inputs are joined.
struct Join: Sendable {
  struct Key: Sendable {
    /// Over the left input's columns.
    var left: Expression
    /// Over the right input's columns.
    var right: Expression
    /// `<=>`: null is equal to null.
    var isNullSafe: Bool
  }
  var kind: JoinKind
  var keys: [Key]
  /// What else must be true, over both inputs' columns.
  var condition: Expression?
  /// For ``JoinKind/mark``: what makes a pair of rows partners, true, false or unknown. nil = every pair is one.
  var test: Expression?
  /// For ``JoinKind/mark``: pairs that may be partners, for all that is known, are (NOT IN). With a key only, a null in
  /// it on either side is such a pair.
  var countsUnknown = false
}

/// WATERMARK … DELAY OF …
struct Watermark: Sendable {
  /// Number of the watermark in its query.
  var number: Int
  var column: Int
  var delayMilliseconds: Int64
}

/// dropDuplicates and dropDuplicatesWithinWatermark.
struct Deduplication: Sendable {
  /// The columns that make the key.
  var columns: [Int]
  /// A key is forgotten once the watermark passes its first row's time and the delay.
  var isWithinWatermark: Bool
}

/// explode and its kin.
struct Generator: Sendable {
  /// An array or a map.
  var input: Expression
  /// A row with nulls for a null or empty array.
  var isOuter: Bool
  /// A column with the position, from 0, in front.
  var hasPosition: Bool
  /// inline: the fields of the struct as columns, not the struct.
  var inlinesFields: Bool
}

/// What a script reads from.
public struct Source: Sendable {
  public enum Kind: Sendable, Hashable {
    case kafka(KafkaSource)
    case files(FileSource)
    case rate(RateSource)
    case table(TableSource)
  }
  public var name: String
  public var kind: Kind
  public var schema: Schema

  /// A stream, when the query runs as one; files are read as they are, unless `STREAM` is said of them.
  public var isStreaming: Bool {
    switch kind {
    case .kafka, .rate: true
    case .files(let files): files.isStreaming
    case .table: false
    }
  }
}
