import MillBase
import MillColumns

/// `window(time, size[, slide[, start]])`: the windows of event time that a row lies in. Microseconds.
///
/// Windows begin at `start` past 1970-01-01T00:00:00Z and every `slide` from there on (Spark: TimeWindow).
struct TimeWindow: Sendable {
  static let type = DataType.struct(Schema([.init("start", .timestamp), .init("end", .timestamp)]))

  var time: Expression
  var size: Int64
  var slide: Int64
  var start: Int64

  /// Every row lies in one window.
  var isTumbling: Bool { size == slide }

  func isSame(as other: TimeWindow) -> Bool {
    (size, slide, start) == (other.size, other.slide, other.start) && time.isSame(as: other.time)
  }

  /// The window, or an array of the windows, of every row; null where the time is. The latest window comes first.
  func expression(at position: SourcePosition) -> Expression {
    let window = self
    let numbers = [size, slide, start].map { Expression.constant(.integer($0), .long, position) }
    let kernel = Kernel(name: "window") { vectors, _ in Vector(window.columns(vectors[0].column)) }
    return Expression(
      .call(kernel, [time] + numbers), isTumbling ? Self.type : .array(Self.type), position)
  }

  private func columns(_ times: Column) -> Column {
    let overlapping = Int((size + slide - 1) / slide)
    var starts = BufferBuilder(capacity: times.count * overlapping * 8)
    var ends = BufferBuilder(capacity: times.count * overlapping * 8)
    var offsets = BufferBuilder(capacity: (times.count + 1) * 4)
    var count: Int32 = 0
    offsets.append(count)
    for row in 0..<times.count {
      // A row without a time gets a window in the tumbling case only: the struct over it is null.
      if !times.isNull(row) || isTumbling {
        let time = times.isNull(row) ? 0 : times.fixed(row, as: Int64.self)
        let remainder = (time - start) % slide
        let last = time - (remainder < 0 ? remainder + slide : remainder)
        for number in 0..<Int64(overlapping) where time < last - number * slide + size {
          starts.append(last - number * slide)
          ends.append(last - number * slide + size)
          count += 1
        }
      }
      offsets.append(count)
    }
    let children = [
      Column(.timestamp, count: Int(count), values: starts.take()),
      Column(.timestamp, count: Int(count), values: ends.take()),
    ]
    if isTumbling { return Column(Self.type, count: times.count, validity: times.validity, children: children) }
    let windows = Column(Self.type, count: Int(count), children: children)
    return Column(.array(Self.type), count: times.count, offsets: offsets.take(), children: [windows])
  }
}

extension Analyzer {
  /// A select that uses window(…) gets the window as a column of its input, and a row for each window.
  mutating func applyWindow(
    of select: Select, _ order: [OrderItem], _ plan: inout Plan, _ scope: inout Scope
  ) throws {
    var places = select.items.map(\.expression) + order.map(\.expression)
    if case .expressions(let keys) = select.grouping { places += keys }
    guard let (arguments, position) = places.lazy.compactMap(Self.windowCall).first else { return }
    let window = try timeWindow(arguments, scope, at: position)
    let value = window.expression(at: position)
    if window.isTumbling {
      let columns = plan.schema.columns.enumerated().map { index, column in
        Expression(.column(index), column.type, position)
      }
      plan = .filter(FunctionLibrary.notNull(window.time, position), plan)
      plan = .project(
        columns + [value], Schema(plan.schema.columns + [.init("window", TimeWindow.type)]), plan)
    } else {
      let generator = Generator(input: value, isOuter: false, hasPosition: false, inlinesFields: false)
      plan = .generate(generator, Schema(plan.schema.columns + [.init("window", TimeWindow.type)]), plan)
    }
    scope.entries.append(.init(qualifier: nil, name: "window", type: TimeWindow.type, isWindow: true))
    scope.window = window
  }

  /// Where window(…) stands: by itself, or with a field or function around it.
  private static func windowCall(_ syntax: Syntax) -> ([Syntax], SourcePosition)? {
    switch syntax.kind {
    case .call(let name, let arguments):
      if name.lowercased() == "window" { return (arguments, syntax.position) }
      return arguments.lazy.compactMap(windowCall).first
    case .field(let base, _), .named(let base, _), .cast(let base, _, _): return windowCall(base)
    case .binary(_, let left, let right): return windowCall(left) ?? windowCall(right)
    default: return nil
    }
  }

  private mutating func timeWindow(
    _ arguments: [Syntax], _ scope: Scope, at position: SourcePosition
  ) throws -> TimeWindow {
    guard (2...4).contains(arguments.count) else {
      throw error(
        "window takes 2 to 4 arguments, not \(arguments.count)", at: position,
        wayOut: "write window(time, '10 minutes'[, slide[, start]])")
    }
    let outer = aggregates
    aggregates = nil
    defer { aggregates = outer }
    var call = FunctionCall(
      name: "window", arguments: [try expression(arguments[0], scope)], position: position, ansi: ansi, file: file)
    if call.type(0) == TimeWindow.type {
      // A window's time is its last microsecond.
      call.arguments[0] = try FunctionLibrary.all["window_time"]!.build(&call)
    }
    guard [.timestamp, .date, .string, .null].contains(call.type(0)) else { throw call.mismatch(0, wants: "TIMESTAMP") }
    try call.cast(0, to: .timestamp)
    let lengths = try arguments.dropFirst().map { syntax -> Int64 in
      switch syntax.kind {
      case .literal(.integer(let number)): return Int64(number)
      case .literal(.long(let number)): return number
      case .literal(.string(let text)):
        if let number = Parser.fixedInterval(text) { return number }
        throw error(
          "'\(text)' is no interval of fixed length", at: syntax.position,
          wayOut: "write '10 minutes'; its units are those of INTERVAL but months and years")
      default: throw error("window wants its lengths as texts, like '10 minutes'", at: syntax.position)
      }
    }
    let window = TimeWindow(
      time: call.arguments[0], size: lengths[0], slide: lengths.count > 1 ? lengths[1] : lengths[0],
      start: lengths.count > 2 ? lengths[2] : 0)
    func check(_ holds: Bool, _ message: String) throws { if !holds { throw error(message, at: position) } }
    try check(window.size > 0, "a window's length must be more than 0")
    try check(window.slide > 0, "a window's slide must be more than 0")
    try check(window.slide <= window.size, "a window's slide must not be longer than the window")
    try check(window.start.magnitude < window.slide.magnitude, "a window's start must be less than its slide")
    return window
  }

  /// window(…) in an expression: the column that ``applyWindow(of:_:_:_:)`` has made.
  mutating func windowColumn(_ arguments: [Syntax], _ scope: Scope, at position: SourcePosition) throws -> Expression {
    guard let window = scope.window, let index = scope.entries.firstIndex(where: \.isWindow) else {
      throw error(
        "window can't stand here", at: position, wayOut: "make it an entry of SELECT or GROUP BY of this query")
    }
    guard try timeWindow(arguments, scope, at: position).isSame(as: window) else {
      throw error(
        "a query can have one kind of window only: this is the second", at: position,
        wayOut: "make the other one in a sub-query")
    }
    return Expression(.column(index), TimeWindow.type, position)
  }
}
