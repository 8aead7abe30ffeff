import MillColumns

extension FunctionLibrary {
  /// Longest array that a function makes.
  static let arrayElementsMax = 1 << 24

  static let arrayFunctions: [FunctionDefinition] = [
    FunctionDefinition("sort_array", arity: 1...2) { call in
      if call.type(0) == .null { try call.cast(0, to: .array(.null)) }
      try sortable(call, try call.array(0))
      try call.cast(1, to: .boolean)
      return call.values(call.type(0)) { arguments in
        let sorted = arguments[0].elements.sorted { Ordering.compare($0, $1) < 0 }
        if arguments.count > 1, arguments[1] == .boolean(false) { return .array(sorted.reversed()) }
        return .array(sorted)
      }
    },
    FunctionDefinition("array_sort", arity: 1) { call in
      try sortable(call, try call.array(0))
      return call.values(call.type(0)) { arguments in
        let values = arguments[0].elements.filter { $0 != .null }.sorted { Ordering.compare($0, $1) < 0 }
        return .array(values + arguments[0].elements.filter { $0 == .null })
      }
    },
    FunctionDefinition("array_min", arity: 1) { call in try extremeElement(&call, sign: -1) },
    FunctionDefinition("array_max", arity: 1) { call in try extremeElement(&call, sign: 1) },
    FunctionDefinition("array_position", arity: 2) { call in
      try castElement(&call)
      return call.values(.long) { arguments in
        let found = arguments[0].elements.firstIndex { $0 != .null && Ordering.compare($0, arguments[1]) == 0 }
        return .integer(Int64(found.map { $0 + 1 } ?? 0))
      }
    },
    FunctionDefinition("array_remove", arity: 2) { call in
      try castElement(&call)
      return call.values(call.type(0)) { arguments in
        .array(arguments[0].elements.filter { $0 == .null || Ordering.compare($0, arguments[1]) != 0 })
      }
    },
    FunctionDefinition("array_compact", arity: 1) { call in
      if call.type(0) == .null { try call.cast(0, to: .array(.null)) }
      _ = try call.array(0)
      return call.values(call.type(0)) { .array($0[0].elements.filter { $0 != .null }) }
    },
    FunctionDefinition("array_repeat", arity: 2) { call in
      try call.cast(1, to: .integer)
      return call.values(.array(call.type(0)), takesNull: [0]) { arguments in
        let count = max(0, arguments[1].whole)
        try checkCount("array_repeat", count)
        return .array(Array(repeating: arguments[0], count: count))
      }
    },
    FunctionDefinition("array_append", arity: 2) { call in
      try castElement(&call)
      return call.values(call.type(0), takesNull: [1]) { .array($0[0].elements + [$0[1]]) }
    },
    FunctionDefinition("array_prepend", arity: 2) { call in
      try castElement(&call)
      return call.values(call.type(0), takesNull: [1]) { .array([$0[1]] + $0[0].elements) }
    },
    FunctionDefinition("array_insert", arity: 3) { call in
      if call.type(1) == .null { throw call.mismatch(1, wants: "a whole number") }
      try castElement(&call, 2)
      try call.cast(1, to: .integer)
      return call.values(call.type(0), takesNull: [2]) { arguments in
        let (elements, position) = (arguments[0].elements, arguments[1].whole)
        if position == 0 { throw zeroIndex }
        try checkCount("array_insert", position.magnitude > elements.count ? Int(position.magnitude) : 0)
        if position > 0 {
          let gap = [Value](repeating: .null, count: max(0, position - 1 - elements.count))
          return .array(elements.prefix(position - 1) + gap + [arguments[2]] + elements.dropFirst(position - 1))
        }
        let at = elements.count + position + 1
        if at < 0 { return .array([arguments[2]] + [Value](repeating: .null, count: -at) + elements) }
        return .array(elements.prefix(at) + [arguments[2]] + elements.dropFirst(at))
      }
    },
    FunctionDefinition("slice", arity: 3) { call in
      if call.type(0) == .null { try call.cast(0, to: .array(.null)) }
      _ = try call.array(0)
      try call.cast(1, to: .integer)
      try call.cast(2, to: .integer)
      return call.values(call.type(0)) { arguments in
        let (elements, start, length) = (arguments[0].elements, arguments[1].whole, arguments[2].whole)
        if start == 0 {
          throw Failure(
            "[INVALID_PARAMETER_VALUE.START] The value of parameter(s) `start` in `slice` is invalid: Expects a "
              + "positive or a negative value for `start`, but got 0. SQLSTATE: 22023")
        }
        if length < 0 {
          throw Failure(
            "[INVALID_PARAMETER_VALUE.LENGTH] The value of parameter(s) `length` in `slice` is invalid: Expects "
              + "`length` greater than or equal to 0, but got \(length). SQLSTATE: 22023")
        }
        let from = start > 0 ? start - 1 : elements.count + start
        guard elements.indices.contains(from) else { return .array([]) }
        return .array(Array(elements[from...].prefix(length)))
      }
    },
    FunctionDefinition("flatten", arity: 1) { call in
      guard case .array(let inner) = call.type(0), case .array = inner else {
        throw call.mismatch(0, wants: "an array of arrays")
      }
      return call.values(inner) { arguments in
        let lists = arguments[0].elements
        return lists.contains(.null) ? .null : .array(lists.flatMap(\.elements))
      }
    },
    FunctionDefinition("sequence", arity: 2...3) { call in try sequence(&call) },
  ]

  static let zeroIndex = Failure(
    "[INVALID_INDEX_OF_ZERO] The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has "
      + "index 1). SQLSTATE: 22003")

  static func checkCount(_ name: String, _ count: Int) throws(Failure) {
    guard count <= arrayElementsMax else {
      throw Failure("\(name): the array would be longer than the limit of \(arrayElementsMax) elements")
    }
  }

  /// The array's elements and the single value get their common type.
  static func castElement(_ call: inout FunctionCall, _ index: Int = 1) throws {
    let element = try call.array(0)
    if call.type(index) == .null, call.name != "array_remove", call.name != "array_position" {
      return try call.cast(index, to: element)
    }
    guard let common = call.coercion.tightest(element, call.type(index)) else {
      throw call.mismatch(index, wants: element.sql)
    }
    try call.cast(0, to: .array(common))
    try call.cast(index, to: common)
  }

  private static func sortable(_ call: FunctionCall, _ element: DataType) throws {
    if case .map = element { throw call.error("\(call.name): maps have no order") }
  }

  private static func extremeElement(_ call: inout FunctionCall, sign: Int) throws -> Expression {
    if call.type(0) == .null { try call.cast(0, to: .array(.null)) }
    let element = try call.array(0)
    try sortable(call, element)
    return call.values(element) { arguments in
      arguments[0].elements.reduce(Value.null) { best, value in
        if value == .null { return best }
        return best == .null || Ordering.compare(value, best) * sign > 0 ? value : best
      }
    }
  }

  /// The numbers of `range(from, to, step)`; `to` is not one of them.
  static func rangeValues(_ call: inout FunctionCall) throws -> Expression {
    call.values(.array(.long)) { arguments in
      let (from, to) = (arguments[0].whole, arguments[1].whole)
      let step = arguments.count > 2 ? arguments[2].whole : 1
      guard step != 0 else { throw Failure("range: the step must not be 0") }
      let (distance, isOver) = to.subtractingReportingOverflow(from)
      try checkCount("range", isOver ? .max : max(0, distance / step))
      return .array(stride(from: from, to: to, by: step).map { .integer(Int64($0)) })
    }
  }

  private static func sequence(_ call: inout FunctionCall) throws -> Expression {
    if call.count == 2, call.type(0) == .date, call.type(1) == .date {
      return call.values(.array(.date)) { arguments in
        guard case .date(let from) = arguments[0], case .date(let to) = arguments[1] else { return .null }
        try checkCount("sequence", Int((Int64(to) - Int64(from)).magnitude) + 1)
        return .array(stride(from: from, through: to, by: from <= to ? 1 : -1).map { .date($0) })
      }
    }
    if let times = try timeSequence(&call) { return times }
    let type = try call.castToCommon()
    guard type.isIntegral else {
      throw call.error("sequence wants whole numbers, dates or timestamps", wayOut: "CAST them")
    }
    return call.values(.array(type)) { arguments in
      let (from, to) = (arguments[0].whole, arguments[1].whole)
      let step = arguments.count > 2 ? arguments[2].whole : from <= to ? 1 : -1
      guard step > 0 && from <= to || step < 0 && from >= to || step == 0 && from == to else {
        throw Failure("requirement failed: Illegal sequence boundaries: \(from) to \(to) by \(step)")
      }
      if from == to { return .array([arguments[0]]) }
      let last = (Int128(to) - Int128(from)) / Int128(step)
      try checkCount("sequence", Int(clamping: last))
      return .array((0...Int(last)).map { .integer(Int64(from &+ $0 &* step)) })
    }
  }
}
