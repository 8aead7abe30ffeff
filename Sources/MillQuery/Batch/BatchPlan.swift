import MillColumns

/// A plan cut where an operator has to see all rows: pipelines, which run chunk by chunk on the lanes, and between
/// them aggregations, sorts, limits and joins.
indirect enum BatchPlan: Sendable {
  case pipeline(Pipeline)
  case aggregate(Aggregation, BatchPlan)
  case deduplicate(DeduplicatePlan, BatchPlan)
  case sort([RowSort.Key], kept: Schema, BatchPlan)
  case window(WindowRun, BatchPlan)
  case limit(Int?, offset: Int, BatchPlan)
  case join(HashJoin, left: BatchPlan, right: BatchPlan)
}

/// Operators that take rows as they come.
struct Pipeline: Sendable {
  var root: Operator
  var schema: Schema
  /// Files and topics that it reads.
  var sources: [Source]
  /// Is there a SELECT without FROM in it?
  var hasOneRow: Bool
  /// What other operators make for it, by name.
  var inputs: [(name: String, plan: BatchPlan)]
  var pruning: PartitionPruning
}

/// Plan → batch plan.
struct BatchPlanner {
  /// What the query's from_json calls have to give.
  private(set) var json: [Int: NeededJSON] = [:]
  /// The stateful operators of a stream, by their numbers.
  private(set) var states: [StateUse] = []
  private var inputCount = 0

  mutating func plan(_ plan: Plan) -> BatchPlan {
    switch plan {
    case .aggregate(let keys, let calls, let schema, let input):
      var columns = keys
      var aggregation = Aggregation(keyCount: keys.count, calls: [], schema: schema)
      if input.isStreaming {
        aggregation.state = use(
          .aggregate, time: .init(plan.eventTimes.first, schema),
          at: keys.first?.position ?? calls.first?.position ?? SourcePosition(line: 1, column: 1),
          keys: keys.map(\.type.sql), values: calls.map(\.stateText))
      }
      for call in calls {
        var arguments = columns.count..<(columns.count + call.arguments.count)
        if call.arguments.count == 1, let same = columns.firstIndex(where: { $0.isSame(as: call.arguments[0]) }) {
          arguments = same..<(same + 1)
        } else {
          columns += call.arguments
        }
        if let filter = call.filter { columns.append(filter) }
        aggregation.calls.append(
          .init(call: call, arguments: arguments, filter: call.filter == nil ? nil : columns.count - 1))
      }
      return .aggregate(aggregation, self.plan(.project(columns, Self.schema(columns), input)))
    case .sort(let keys, _, let input):
      var columns = Self.all(of: input)
      let sortKeys = keys.map { key in
        var number = columns.count
        if case .column(let index) = key.expression.node { number = index } else { columns.append(key.expression) }
        return RowSort.Key(column: number, isDescending: key.isDescending, nullsFirst: key.nullsFirst)
      }
      return .sort(sortKeys, kept: input.schema, self.plan(.project(columns, Self.schema(columns), input)))
    case .deduplicate(let deduplication, let position, let input):
      let schema = input.schema
      var result = DeduplicatePlan(
        columns: deduplication.columns, schema: schema, isWithinWatermark: deduplication.isWithinWatermark,
        delayMilliseconds: input.watermarks.first?.delayMilliseconds ?? 0)
      if input.isStreaming {
        result.state = use(
          deduplication.isWithinWatermark ? .deduplicateWithinWatermark : .deduplicate,
          time: .init(input.eventTimes.first, schema), at: position,
          keys: deduplication.columns.map { schema.columns[$0].type.sql }, values: [])
      }
      return .deduplicate(result, self.plan(.project(Self.all(of: input), schema, input)))
    case .window(let calls, let input):
      var columns = Self.all(of: input)
      var made: [WindowRun.Call] = []
      for call in calls {
        let arguments = columns.count..<(columns.count + call.arguments.count)
        columns += call.arguments
        let partition = columns.count..<(columns.count + call.partition.count)
        columns += call.partition
        let order = call.order.enumerated().map { index, key in
          RowSort.Key(
            column: columns.count + index, isDescending: key.isDescending, nullsFirst: key.nullsFirst)
        }
        columns += call.order.map(\.expression)
        if let filter = call.filter { columns.append(filter) }
        made.append(
          .init(
            call: call, arguments: arguments, filter: call.filter == nil ? nil : columns.count - 1,
            partition: partition, order: order))
      }
      let run = WindowRun(inputCount: input.schema.count, calls: made, schema: plan.schema)
      return .window(run, self.plan(.project(columns, Self.schema(columns), input)))
    case .limit(let count, let offset, _, let input): return .limit(count, offset: offset, self.plan(input))
    case .join(let join, _, let left, let right):
      let leftColumns = Self.all(of: left) + join.keys.map(\.left)
      let rightColumns = Self.all(of: right) + join.keys.map(\.right)
      let hashJoin = HashJoin(join, left: left.schema, right: right.schema, schema: plan.schema)
      // from_json calls within the condition have to give everything.
      for condition in [join.condition, join.test].compactMap(\.self) {
        var needs = Needs(json: json)
        needs.add(condition)
        json = needs.json
      }
      return .join(
        hashJoin, left: self.plan(.project(leftColumns, Self.schema(leftColumns), left)),
        right: self.plan(.project(rightColumns, Self.schema(rightColumns), right)))
    default:
      var inputs: [(String, BatchPlan)] = []
      let cut = cut(plan, &inputs)
      var needs = Needs(json: json)
      for index in plan.schema.columns.indices { needs.columns[index] = .all }
      let root = Operator(cut, &needs)
      json = needs.json
      return .pipeline(
        Pipeline(
          root: root, schema: plan.schema, sources: cut.sources, hasOneRow: cut.hasOneRow,
          inputs: inputs.map { (name: $0.0, plan: $0.1) }, pruning: PartitionPruning(cut)))
    }
  }

  /// The plan with the operators that need all rows, and what is below them, replaced by ``Plan/rows``.
  private mutating func cut(_ plan: Plan, _ inputs: inout [(String, BatchPlan)]) -> Plan {
    switch plan {
    case .oneRow, .scan, .rows: return plan
    case .project(let expressions, let schema, let input): return .project(expressions, schema, cut(input, &inputs))
    case .filter(let condition, let input): return .filter(condition, cut(input, &inputs))
    case .generate(let generator, let schema, let input): return .generate(generator, schema, cut(input, &inputs))
    case .unionAll(let all):
      var cuts: [Plan] = []
      for input in all { cuts.append(cut(input, &inputs)) }
      return .unionAll(cuts)
    case .watermark(let watermark, let input): return .watermark(watermark, cut(input, &inputs))
    case .aggregate, .sort, .limit, .join, .deduplicate, .window:
      inputCount += 1
      // No view can be called so.
      let name = "\u{0}\(inputCount)"
      inputs.append((name, self.plan(plan)))
      return .rows(name, plan.schema)
    }
  }

  private mutating func use(
    _ kind: StateUse.Kind, time: StateUse.EventTime?, at position: SourcePosition, keys: [String], values: [String]
  ) -> StateUse {
    let use = StateUse(
      number: states.count, kind: kind, eventTime: time, position: position,
      description: .init(operatorName: kind.rawValue, keys: keys, values: values))
    states.append(use)
    return use
  }

  private static func all(of plan: Plan) -> [Expression] {
    plan.schema.columns.enumerated().map { index, column in
      Expression(.column(index), column.type, SourcePosition(line: 1, column: 1))
    }
  }

  private static func schema(_ columns: [Expression]) -> Schema { Schema(columns.map { .init("", $0.type) }) }
}

extension Plan {
  fileprivate var hasOneRow: Bool { if case .oneRow = self { true } else { inputs.contains { $0.hasOneRow } } }
}

extension AggregateCall {
  /// Function and types: what a kept group depends on.
  fileprivate var stateText: String {
    "\(name)(\(isDistinct ? "DISTINCT " : "")\(arguments.map(\.type.sql).joined(separator: ", ")))"
  }
}
