import MillBase
import MillColumns

/// A plan, ready to run: every operator knows which columns are wanted from it.
indirect enum Operator: Sendable {
  case oneRow
  case scan(Source, wanted: Set<Int>)
  case project([Expression?], Operator)
  case filter(Expression, wanted: Set<Int>, Operator)
  case generate(Generator, wanted: Set<Int>, inputCount: Int, Operator)
  case unionAll([Operator])
  /// Looks at the event times that go by.
  case watermark(Watermark, Operator)
  /// What another operator made, by name.
  case rows(String)

  /// What a SELECT without FROM reads from.
  static let noSource = ""

  /// - Parameter needs: what is wanted of the plan's columns; gets what from_json calls below have to give.
  init(_ plan: Plan, _ needs: inout Needs) {
    let wanted = Set(needs.columns.keys)
    switch plan {
    case .oneRow: self = .oneRow
    case .scan(let source): self = .scan(source, wanted: wanted)
    case .project(let expressions, _, let input):
      var below = Needs(json: needs.json)
      for (index, need) in needs.columns.sorted(by: { $0.key < $1.key }) { below.add(expressions[index], need) }
      let kept = expressions.enumerated().map { wanted.contains($0.offset) ? $0.element : nil }
      self = .project(kept, Operator(input, &below))
      needs.json = below.json
    case .filter(let condition, let input):
      var below = needs
      below.add(condition)
      self = .filter(condition, wanted: wanted, Operator(input, &below))
      needs.json = below.json
    case .generate(let generator, _, let input):
      let inputCount = input.schema.count
      var below = Needs(columns: needs.columns.filter { $0.key < inputCount }, json: needs.json)
      below.add(generator.input, Self.need(generator, inputCount, needs))
      self = .generate(generator, wanted: wanted, inputCount: inputCount, Operator(input, &below))
      needs.json = below.json
    case .unionAll(let inputs):
      var operators: [Operator] = []
      for input in inputs {
        var below = needs
        operators.append(Operator(input, &below))
        needs.json = below.json
      }
      self = .unionAll(operators)
    case .rows(let name, _): self = .rows(name)
    case .watermark(let watermark, let input):
      var below = needs
      below.columns[watermark.column] = .all
      self = .watermark(watermark, Operator(input, &below))
      needs.json = below.json
    case .aggregate, .sort, .limit, .join, .deduplicate, .window:
      preconditionFailure("needs all rows: BatchPlanner takes it out")
    }
  }

  /// What is wanted of the array (or map) by way of the columns made of its elements.
  private static func need(_ generator: Generator, _ inputCount: Int, _ needs: Needs) -> NeededJSON {
    let first = inputCount + (generator.hasPosition ? 1 : 0)
    if case .map = generator.input.type { return .all }
    if generator.inlinesFields, let fields = generator.input.type.fields {
      var columns: [String: NeededJSON] = [:]
      for (index, field) in fields.columns.enumerated() {
        if let need = needs.columns[first + index] { columns[field.name] = Needs.join(columns[field.name], need) }
      }
      return .columns(columns)
    }
    return needs.columns[first] ?? .columns([:])
  }

  // MARK: Running

  /// Frames, one for each branch of UNION ALL that reads from this source.
  func run(_ scanned: ScanInput, from source: String, _ lane: Lane) throws -> [Frame] {
    switch self {
    case .oneRow: return source == Self.noSource ? [Frame(columns: [], count: 1, slot: { $0 })] : []
    case .rows(let name):
      guard name == source, case .rows(let batch) = scanned else { return [] }
      return [Frame(columns: batch.columns.map { Vector($0) }, count: batch.count, slot: { $0 })]
    case .scan(let mine, let wanted):
      return mine.name == source ? [Scan(source: mine, wanted: wanted).frame(scanned)] : []
    case .project(let expressions, let input):
      return try input.run(scanned, from: source, lane).map { frame in
        let evaluation = Evaluation(frame: frame, active: nil, lane: lane)
        let columns = try expressions.map { expression in
          try expression.map { expression in
            frame.count == 0 ? Vector(Column(expression.type, [])) : try expression.evaluate(evaluation)
          }
        }
        return Frame(columns: columns, count: frame.count, slot: frame.slot)
      }
    case .filter(let condition, let wanted, let input):
      return try input.run(scanned, from: source, lane).map { frame in
        if frame.count == 0 { return frame }
        let mask = try condition.evaluate(Evaluation(frame: frame, active: nil, lane: lane)).column
        let rows = mask.trueRows()
        if rows.count == frame.count { return frame }
        let columns = frame.columns.enumerated().map { wanted.contains($0.offset) ? $0.element?.take(rows) : nil }
        return Frame(columns: columns, count: rows.count, slot: { frame.slot(Int(rows[$0])) })
      }
    case .generate(let generator, let wanted, let inputCount, let input):
      return try input.run(scanned, from: source, lane).map { frame in
        let explode = Explode(generator: generator, wanted: wanted, inputCount: inputCount)
        return try explode.run(frame, lane)
      }
    case .watermark(let watermark, let input):
      let frames = try input.run(scanned, from: source, lane)
      for frame in frames where frame.count > 0 {
        if let times = frame.columns[watermark.column] { lane.note(times.column, of: watermark.number) }
      }
      return frames
    case .unionAll(let inputs): return try inputs.flatMap { try $0.run(scanned, from: source, lane) }
    }
  }
}
