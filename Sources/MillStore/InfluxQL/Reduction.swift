import Glibc

/// One point of a stream of values; `row` is where it came from, when it was picked.
struct StreamPoint {
  var time: Int64
  var value: FieldValue
  var row: Int?
}

/// What the aggregating and selecting functions make of the points of one window.
enum Reduction {
  /// - Parameters:
  ///   - points: not empty, no nulls, in the order of the query.
  ///   - start: the time that a computed point gets.
  static func reduce(
    _ function: Function, _ arguments: [Expression], _ points: [StreamPoint], start: Int64
  ) -> [StreamPoint] {
    func computed(_ value: FieldValue) -> [StreamPoint] { [StreamPoint(time: start, value: value)] }
    switch function {
    case .count:
      if arguments[0].isDistinct { return computed(.integer(Int64(Set(points.map(\.value)).count))) }
      return computed(.integer(Int64(points.count)))
    case .sum: return computed(sum(points))
    case .mean:
      if case .integer(let total) = sum(points) { return computed(.float(Double(total) / Double(points.count))) }
      return computed(.float((sum(points).number ?? 0) / Double(points.count)))
    case .median: return computed(median(points))
    case .mode: return computed(mode(points))
    case .spread: return computed(spread(points))
    case .stddev: return computed(deviation(points))
    case .integral: return computed(.float(integral(points, unit: unit(arguments))))
    case .min: return [pick(points) { isLess($0.value, $1.value) }]
    case .max: return [pick(points) { isLess($1.value, $0.value) }]
    case .first: return [extreme(points) { $0.time < $1.time }]
    case .last: return [extreme(points) { $0.time > $1.time }]
    case .percentile: return percentile(points, arguments[1])
    case .distinct:
      var seen: Set<FieldValue> = []
      return points.filter { seen.insert($0.value).inserted }.map { StreamPoint(time: start, value: $0.value) }
    default: preconditionFailure("top and bottom have a place of their own, transformations see no windows")
    }
  }

  static func unit(_ arguments: [Expression]) -> Int64? {
    if arguments.count == 2, case .duration(let unit) = arguments[1] { unit } else { nil }
  }

  static func isLess(_ a: FieldValue, _ b: FieldValue) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a < b
    case (.string(let a), .string(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.boolean(let a), .boolean(let b)): !a && b
    default: (a.number ?? 0) < (b.number ?? 0)
    }
  }

  /// The best point; of equal ones the earliest.
  private static func pick(_ points: [StreamPoint], _ isBetter: (StreamPoint, StreamPoint) -> Bool) -> StreamPoint {
    points.dropFirst().reduce(points[0]) { best, point in
      isBetter(point, best) || !isBetter(best, point) && point.time < best.time ? point : best
    }
  }

  /// The earliest or latest point; at the same time the greater value.
  private static func extreme(_ points: [StreamPoint], _ isBetter: (StreamPoint, StreamPoint) -> Bool) -> StreamPoint {
    points.dropFirst().reduce(points[0]) { best, point in
      isBetter(point, best) || point.time == best.time && isLess(best.value, point.value) ? point : best
    }
  }

  private static func sum(_ points: [StreamPoint]) -> FieldValue {
    if case .integer = points[0].value {
      return .integer(points.reduce(0) { if case .integer(let value) = $1.value { $0 &+ value } else { $0 } })
    }
    return .float(points.reduce(0) { $0 + ($1.value.number ?? 0) })
  }

  private static func sorted(_ points: [StreamPoint]) -> [StreamPoint] {
    points.enumerated().sorted { a, b in
      isLess(a.element.value, b.element.value) || !isLess(b.element.value, a.element.value) && a.offset < b.offset
    }.map(\.element)
  }

  private static func median(_ points: [StreamPoint]) -> FieldValue {
    let values = sorted(points).map { $0.value.number ?? 0 }
    let middle = values.count / 2
    if values.count % 2 == 1 { return .float(values[middle]) }
    return .float(values[middle - 1] + (values[middle] - values[middle - 1]) / 2)
  }

  /// The most frequent value. As in InfluxDB the smallest value wins when all come once; else, of equally frequent
  /// ones, the earliest.
  private static func mode(_ points: [StreamPoint]) -> FieldValue {
    if case .boolean = points[0].value {
      let trues = points.count { $0.value == .boolean(true) }
      return .boolean(trues > points.count - trues)
    }
    let values = sorted(points)
    var best = (value: values[0].value, frequency: 0, time: values[0].time)
    var current = (value: values[0].value, frequency: 0, time: values[0].time)
    for point in values {
      if point.value != current.value {
        current = (point.value, 1, point.time)
        continue
      }
      current.frequency += 1
      if best.frequency > current.frequency || best.frequency == current.frequency && current.time > best.time {
        continue
      }
      best = current
    }
    return best.value
  }

  private static func spread(_ points: [StreamPoint]) -> FieldValue {
    let low = pick(points) { isLess($0.value, $1.value) }.value
    let high = pick(points) { isLess($1.value, $0.value) }.value
    return Evaluation.binary(.subtract, high, low)
  }

  private static func deviation(_ points: [StreamPoint]) -> FieldValue {
    guard points.count > 1 else { return .null }
    var mean = 0.0
    for (index, point) in points.enumerated() { mean += ((point.value.number ?? 0) - mean) / Double(index + 1) }
    let variance = points.reduce(0.0) { sum, point in
      let difference = (point.value.number ?? 0) - mean
      return sum + difference * difference
    }
    return .float((variance / Double(points.count - 1)).squareRoot())
  }

  /// The area under the straight lines between the points, per unit (default 1 s).
  private static func integral(_ points: [StreamPoint], unit: Int64?) -> Double {
    zip(points, points.dropFirst()).reduce(0.0) { area, pair in
      let elapsed = Double(abs(pair.1.time - pair.0.time)) / Double(unit ?? 1_000_000_000)
      return area + 0.5 * ((pair.1.value.number ?? 0) + (pair.0.value.number ?? 0)) * elapsed
    }
  }

  private static func percentile(_ points: [StreamPoint], _ argument: Expression) -> [StreamPoint] {
    let percent: Double =
      switch argument {
      case .integer(let value): Double(value)
      case .number(let value): value
      default: 0
      }
    let index = Int((Double(points.count) * percent / 100 + 0.5).rounded(.down)) - 1
    return points.indices.contains(index) ? [sorted(points)[index]] : []
  }

  /// The n greatest (or smallest) points, in the order of time; of each combination of tags only the best.
  static func top(_ points: [StreamPoint], count: Int, isBottom: Bool, tags: (StreamPoint) -> [FieldValue])
    -> [StreamPoint]
  {
    var candidates = points.sorted { a, b in
      let (x, y) = isBottom ? (a, b) : (b, a)
      return isLess(x.value, y.value) || !isLess(y.value, x.value) && a.time < b.time
    }
    var seen: Set<[FieldValue]> = []
    candidates = candidates.filter { point in
      let key = tags(point)
      return key.isEmpty || seen.insert(key).inserted
    }
    return candidates.prefix(count).sorted { $0.time < $1.time }
  }
}
