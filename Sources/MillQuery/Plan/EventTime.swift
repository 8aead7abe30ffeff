import MillColumns

/// What is a stream, and which columns carry event time.
extension Plan {
  /// Does it read a stream? Files without `STREAM` are the static side of one.
  var isStreaming: Bool { sources.contains(where: \.isStreaming) }

  /// Columns with a watermark: it goes along with a column by whatever name, into the windows made of it, and into the
  /// keys of an aggregation (Spark: the column's metadata).
  var eventTimes: [Int] {
    switch self {
    case .oneRow, .scan, .rows: return []
    case .watermark(let watermark, _): return [watermark.column]
    case .filter(_, let input), .sort(_, _, let input), .limit(_, _, _, let input), .deduplicate(_, _, let input),
      .window(_, let input):
      return input.eventTimes
    case .project(let expressions, _, let input):
      let below = input.eventTimes
      return expressions.indices.filter { expressions[$0].carriesTime(of: below) }
    case .generate(let generator, _, let input):
      let below = input.eventTimes
      return below + (generator.input.carriesTime(of: below) ? [input.schema.count] : [])
    case .unionAll(let inputs): return inputs[0].eventTimes
    case .aggregate(let keys, _, _, let input):
      let below = input.eventTimes
      return keys.indices.filter { keys[$0].carriesTime(of: below) }
    case .join(let join, _, let left, let right):
      let rightTimes = join.kind == .semi || join.kind == .anti ? [] : right.eventTimes
      return left.eventTimes + rightTimes.map { $0 + left.schema.count }
    }
  }

  /// All watermarks, by their numbers.
  var watermarks: [Watermark] {
    let below = inputs.flatMap(\.watermarks)
    if case .watermark(let own, _) = self { return [own] + below }
    return below
  }
}

extension Plan {
  /// One more than the highest number of a from_json call.
  var fromJSONCount: Int {
    var expressions: [Expression] = []
    switch self {
    case .project(let list, _, _): expressions = list
    case .filter(let condition, _): expressions = [condition]
    case .generate(let generator, _, _): expressions = [generator.input]
    case .aggregate(let keys, let calls, _, _):
      expressions = keys + calls.flatMap { $0.arguments + ($0.filter.map { [$0] } ?? []) }
    case .sort(let keys, _, _): expressions = keys.map(\.expression)
    case .window(let calls, _):
      expressions = calls.flatMap { call in
        call.arguments + call.partition + call.order.map(\.expression) + (call.filter.map { [$0] } ?? [])
      }
    case .join(let join, _, _, _):
      expressions = join.keys.flatMap { [$0.left, $0.right] } + [join.condition, join.test].compactMap(\.self)
    default: break
    }
    return (expressions.map(\.fromJSONCount) + inputs.map(\.fromJSONCount)).max() ?? 0
  }
}

extension Expression {
  fileprivate var fromJSONCount: Int {
    var own = 0
    if case .fromJSON(_, let json) = node { own = json.id + 1 }
    return max(own, children.map(\.fromJSONCount).max() ?? 0)
  }

  fileprivate func carriesTime(of columns: [Int]) -> Bool {
    switch node {
    case .column(let index): columns.contains(index)
    case .call(let kernel, let arguments) where ["window", "window_time"].contains(kernel.name):
      arguments[0].carriesTime(of: columns)
    default: false
    }
  }
}
