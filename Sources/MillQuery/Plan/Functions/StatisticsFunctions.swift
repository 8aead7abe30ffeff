import MillBase
import MillColumns

/// Aggregate functions over all values of a group, over pairs, and approximate ones.
extension AggregateLibrary {
  static let statistics: Set<String> = [
    "percentile", "median", "percentile_cont", "percentile_disc", "percentile_approx", "approx_percentile", "mode",
    "listagg", "string_agg", "approx_count_distinct", "bit_and", "bit_or", "bit_xor", "skewness", "kurtosis", "corr",
    "covar_samp", "covar_pop", "regr_count", "regr_avgx", "regr_avgy", "regr_r2", "regr_slope", "regr_intercept",
    "regr_sxx", "regr_syy", "regr_sxy",
  ]

  /// What a function gives, how it is computed, and what of it is not in its arguments.
  struct Built {
    var type: DataType
    var parameters = ""
    var make: @Sendable () -> any Accumulator
  }

  /// - Parameter call: gets the arguments that are computed for every row; constants leave it.
  static func statistics(_ call: inout FunctionCall, _ modifiers: AggregateModifiers) throws -> Built {
    let name = call.name
    switch name {
    case "percentile", "median": return try percentile(&call)
    case "percentile_cont", "percentile_disc":
      try check(call, 1...1)
      guard let order = call.within else {
        throw call.error("\(name) wants WITHIN GROUP (ORDER BY …)")
      }
      // In descending order the same place counts from the other end.
      call.arguments.insert(order.expression, at: 0)
      return try percentile(&call, isDiscrete: name == "percentile_disc", isDescending: order.isDescending)
    case "percentile_approx", "approx_percentile": return try approximate(&call)
    case "mode":
      try check(call, 1...1)
      let element = call.type(0)
      return Built(type: element) { CollectedAccumulator(element, element) { mostFrequent($0) } }
    case "listagg", "string_agg": return try list(&call)
    case "approx_count_distinct":
      try check(call, 1...2)
      let error = call.count > 1 ? try constant(call, 1).flatMap(number) ?? 0.05 : 0.05
      call.arguments = [call.arguments[0]]
      return Built(type: .long, parameters: "\(error)") { DistinctCountAccumulator(error: error) }
    case "bit_and", "bit_or", "bit_xor":
      try check(call, 1...1)
      guard call.type(0).isIntegral else { throw call.mismatch(0, wants: "a whole number") }
      let type = call.type(0)
      switch name {
      case "bit_and": return Built(type: type) { BitAccumulator(type) { $0 & $1 } }
      case "bit_or": return Built(type: type) { BitAccumulator(type) { $0 | $1 } }
      default: return Built(type: type) { BitAccumulator(type) { $0 ^ $1 } }
      }
    case "skewness", "kurtosis":
      try check(call, 1...1)
      try call.cast(0, to: .double)
      return Built(type: .double) { ShapeAccumulator(isKurtosis: name == "kurtosis") }
    case "regr_avgx", "regr_avgy":
      try check(call, 2...2)
      // Spark: avg(if(y IS NOT NULL AND x IS NOT NULL, x, NULL))
      let (kept, other) =
        name == "regr_avgx" ? (call.arguments[1], call.arguments[0]) : (call.arguments[0], call.arguments[1])
      call.arguments = [
        Expression(
          .branches([(FunctionLibrary.notNull(other, call.position), kept)], otherwise: nil), kept.type, call.position)
      ]
      let average = try AggregateLibrary.average(&call)
      return Built(type: average.type, make: average.make)
    default:
      try check(call, 2...2)
      for index in 0..<2 {
        guard call.type(index).isNumeric || call.type(index) == .null || call.type(index) == .string else {
          throw call.mismatch(index, wants: "a number")
        }
        try call.cast(index, to: .double)
      }
      if name == "regr_count" { return Built(type: .long) { PairAccumulator(isCount: true) { _ in nil } } }
      // regr_… take (y, x).
      if name.hasPrefix("regr_") { call.arguments.reverse() }
      return Built(type: .double) { PairAccumulator(pairs[name]!) }
    }
  }

  private static func check(_ call: FunctionCall, _ arity: ClosedRange<Int>) throws {
    guard !arity.contains(call.count) else { return }
    let wanted = arity.count == 1 ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
    throw call.error("\(call.name) takes \(wanted) argument\(wanted == "1" ? "" : "s"), not \(call.count)")
  }

  private static let pairs: [String: @Sendable (PairAccumulator.Moments) -> Double?] = [
    "corr": { moments in
      let divisor = (moments.xx * moments.yy).squareRoot()
      return moments.count <= 1 || divisor == 0 ? nil : moments.xy / divisor
    },
    "covar_pop": { $0.count == 0 ? nil : $0.xy / $0.count },
    "covar_samp": { $0.count <= 1 ? nil : $0.xy / ($0.count - 1) },
    "regr_r2": { moments in
      if moments.count == 0 || moments.xx == 0 { return nil }
      if moments.yy == 0 { return 1 }
      let corr = moments.xy / (moments.xx * moments.yy).squareRoot()
      return corr * corr
    },
    "regr_slope": { $0.count <= 1 || $0.xVariance == 0 ? nil : $0.xy / $0.xVariance },
    "regr_intercept": { $0.count <= 1 || $0.xVariance == 0 ? nil : $0.y - $0.xy / $0.xVariance * $0.x },
    "regr_sxx": { $0.count == 0 ? nil : $0.xVariance }, "regr_syy": { $0.count == 0 ? nil : $0.yVariance },
    "regr_sxy": { $0.count == 0 ? nil : $0.xy },
  ]

  // MARK: Percentiles

  private static func constant(_ call: FunctionCall, _ index: Int) throws -> Value? {
    guard let value = try Analyzer.constant(call.arguments[index]) else {
      throw call.mismatch(index, wants: "a constant")
    }
    return value
  }

  private static func number(_ value: Value) -> Double? {
    switch value {
    case .integer(let value): Double(value)
    case .float(let value): Double(value)
    case .double(let value): value
    case .decimal(let unscaled, let scale): Decimal128.double(unscaled, scale: scale)
    default: nil
    }
  }

  /// One share or an array of them, each between 0 and 1.
  private static func shares(_ call: FunctionCall) throws -> (shares: [Double], isArray: Bool) {
    if call.name == "median" { return ([0.5], false) }
    let value = try constant(call, 1) ?? .null
    var isArray = false
    var all: [Double?] = [number(value)]
    if case .array(let elements) = value { (all, isArray) = (elements.map(number), true) }
    let found = all.compactMap(\.self)
    guard found.count == all.count, found.allSatisfy({ (0...1).contains($0) }) else {
      throw call.error("\(call.name) wants a share between 0 and 1, or an array of them")
    }
    return (found, isArray)
  }

  private static func percentile(
    _ call: inout FunctionCall, isDiscrete: Bool = false, isDescending: Bool = false
  ) throws -> Built {
    try check(call, call.name == "median" ? 1...1 : 2...3)
    let (shares, isArray) = try shares(call)
    guard call.type(0).isNumeric || call.type(0) == .null || call.type(0) == .string else {
      throw call.mismatch(0, wants: "a number")
    }
    let hasWeights = call.count > 2
    var arguments = [try call.cast(call.arguments[0], to: .double)]
    if hasWeights { arguments.append(try call.cast(call.arguments[2], to: .long)) }
    if hasWeights {
      // A value and how often it comes.
      var pair = call
      pair.arguments = arguments
      arguments = [FunctionLibrary.structure(["value", "times"], pair)]
    }
    call.arguments = arguments
    let element = call.type(0)
    let type: DataType = isArray ? .array(.double) : .double
    return Built(type: type, parameters: "\(shares) \(isArray) \(isDescending)") {
      CollectedAccumulator(element, type) { values in
        let sorted = try weighted(values, hasWeights, isDescending)
        guard !sorted.isEmpty else { return .null }
        let results = shares.map { share in
          Value.double(place(share, in: sorted, isDiscrete))
        }
        return isArray ? .array(results) : results[0]
      }
    }
  }

  /// The values in order, with the number of values up to and with each.
  private static func weighted(
    _ values: Column, _ hasWeights: Bool, _ isDescending: Bool
  ) throws -> [(value: Double, upTo: Int64)] {
    var pairs: [(value: Double, times: Int64)] = []
    for row in 0..<values.count {
      guard hasWeights else {
        pairs.append((values.fixed(row, as: Double.self), 1))
        continue
      }
      guard case .struct(let fields) = values.value(row), case .double(let value) = fields[0] else { continue }
      let times = Int64(fields[1].whole)
      if times < 0 {
        throw Failure("Negative values found in the frequency of percentile: \(times)")
      }
      if times > 0 { pairs.append((value, times)) }
    }
    let sign = isDescending ? -1 : 1
    pairs.sort { Ordering.compare(.double($0.value), .double($1.value)) * sign < 0 }
    var total: Int64 = 0
    return pairs.map { pair in
      total += pair.times
      return (pair.value, total)
    }
  }

  private static func place(
    _ share: Double, in sorted: [(value: Double, upTo: Int64)], _ isDiscrete: Bool
  ) -> Double {
    let total = sorted.last!.upTo
    func value(_ index: Int64) -> Double { sorted.first { $0.upTo > index }?.value ?? sorted.last!.value }
    if isDiscrete { return value(max(0, Int64((share * Double(total)).rounded(.up)) - 1)) }
    let position = Double(total - 1) * share
    let (lower, higher) = (Int64(position.rounded(.down)), Int64(position.rounded(.up)))
    if lower == higher { return value(lower) }
    let (low, high) = (value(lower), value(higher))
    return low == high ? low : low + (position - Double(lower)) * (high - low)
  }

  /// The value at the place: what Spark's summary gives as long as it has not thinned out.
  private static func approximate(_ call: inout FunctionCall) throws -> Built {
    try check(call, 2...3)
    let (shares, isArray) = try shares(call)
    if call.count > 2 {
      guard case .integer(let accuracy)? = try constant(call, 2), accuracy > 0 else {
        throw call.mismatch(2, wants: "an accuracy above 0")
      }
    }
    if call.type(0) == .string || call.type(0) == .null { try call.cast(0, to: .double) }
    let element = call.type(0)
    guard element.isNumeric || element == .date || element == .timestamp || element.isInterval else {
      throw call.mismatch(0, wants: "a number, a date or a timestamp")
    }
    call.arguments = [call.arguments[0]]
    let type = isArray ? DataType.array(element) : element
    return Built(type: type, parameters: "\(shares) \(isArray)") {
      CollectedAccumulator(element, type) { values in
        let order = RowSort.order(
          [values], count: values.count, by: [.init(column: 0, isDescending: false, nullsFirst: true)])
        let results = shares.map { share in
          let rank = max(0, Int((share * Double(order.count)).rounded(.up)) - 1)
          return values.value(Int(order[rank]))
        }
        return isArray ? .array(results) : results[0]
      }
    }
  }

  private static func mostFrequent(_ values: Column) -> Value {
    let table = KeyTable()
    var counts: [(times: Int, row: Int)] = []
    for row in 0..<values.count {
      var key: [UInt8] = []
      KeyBytes.append(values, row, to: &key)
      let (number, isNew) = table.insert(key)
      if isNew { counts.append((1, row)) } else { counts[number].times += 1 }
    }
    // The first of equally frequent ones.
    let best = counts.reduce(counts[0]) { $1.times > $0.times ? $1 : $0 }
    return values.value(best.row)
  }

  // MARK: listagg

  private static func list(_ call: inout FunctionCall) throws -> Built {
    try check(call, 1...2)
    var separator = ""
    if call.count > 1, case .string(let text)? = try constant(call, 1) { separator = text }
    try call.castToText([0])
    call.arguments = [call.arguments[0]]
    let between = separator
    guard let order = call.within else {
      return Built(type: .string, parameters: between) {
        CollectedAccumulator(.string, .string) { values in
          .string((0..<values.count).map { values.text($0) ?? "" }.joined(separator: between))
        }
      }
    }
    // Null texts must not count, whatever they are ordered by.
    var pair = call
    pair.arguments = [call.arguments[0], order.expression]
    let row = FunctionLibrary.structure(["text", "order"], pair)
    let isThere = FunctionLibrary.notNull(call.arguments[0], call.position)
    call.arguments = [Expression(.branches([(isThere, row)], otherwise: nil), row.type, call.position)]
    let key = RowSort.Key(column: 1, isDescending: order.isDescending, nullsFirst: order.nullsFirst)
    let type = row.type
    return Built(type: .string, parameters: "\(between) \(order.isDescending) \(order.nullsFirst)") {
      CollectedAccumulator(type, .string) { values in
        let columns = values.children
        let sorted = RowSort.order(columns, count: values.count, by: [key])
        return .string(sorted.map { columns[0].text(Int($0)) ?? "" }.joined(separator: between))
      }
    }
  }
}
