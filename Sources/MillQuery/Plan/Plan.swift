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

  var schema: Schema {
    switch self {
    case .oneRow: Schema([])
    case .scan(let source): source.schema
    case .project(_, let schema, _), .generate(_, let schema, _): schema
    case .filter(_, let input): input.schema
    case .unionAll(let inputs): inputs[0].schema
    }
  }

  /// All sources, in the order of the script, each once.
  var sources: [Source] {
    switch self {
    case .oneRow: []
    case .scan(let source): [source]
    case .project(_, _, let input), .filter(_, let input), .generate(_, _, let input): input.sources
    case .unionAll(let inputs):
      inputs.flatMap(\.sources).reduce(into: []) { all, next in
        if !all.contains(where: { $0.name == next.name }) { all.append(next) }
      }
    }
  }
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
  }
  public var name: String
  public var kind: Kind
  public var schema: Schema
}
