/// What derivative(), difference() and their like make of a sequence of points. Nulls are passed over.
enum Transformation {
  /// - Parameter unit: of derivative() and elapsed(): nanoseconds.
  static func apply(
    _ function: Function, _ arguments: [Expression], _ input: [StreamPoint], unit: Int64, isAscending: Bool
  ) -> [StreamPoint] {
    let points = input.filter { !$0.value.isNull }
    switch function {
    case .derivative, .nonNegativeDerivative:
      return pairs(points) { previous, point in
        let difference = (point.value.number ?? 0) - (previous.value.number ?? 0)
        let elapsed = Double(isAscending ? point.time - previous.time : previous.time - point.time)
        if function == .nonNegativeDerivative, difference < 0 { return nil }
        return .float(elapsed > 0 ? difference / (elapsed / Double(unit)) : 0)
      }
    case .difference, .nonNegativeDifference:
      return pairs(points) { previous, point in
        let difference = Evaluation.binary(.subtract, point.value, previous.value)
        if function == .nonNegativeDifference, (difference.number ?? 0) < 0 { return nil }
        return difference
      }
    case .elapsed:
      return zip(points, points.dropFirst()).map { previous, point in
        let elapsed = isAscending ? point.time - previous.time : previous.time - point.time
        return StreamPoint(time: point.time, value: .integer(elapsed / unit))
      }
    case .cumulativeSum:
      var sum: FieldValue?
      return points.map { point in
        let next = sum.map { Evaluation.binary(.add, $0, point.value) } ?? point.value
        sum = next
        return StreamPoint(time: point.time, value: next)
      }
    case .movingAverage:
      guard case .integer(let count) = arguments[1] else { return [] }
      return movingAverage(points, Int(clamping: count))
    default: preconditionFailure("\(function) is no transformation")
    }
  }

  /// Neighbours in time; a point at the time of the one before is passed over.
  private static func pairs(
    _ points: [StreamPoint], _ body: (StreamPoint, StreamPoint) -> FieldValue?
  ) -> [StreamPoint] {
    var result: [StreamPoint] = []
    var previous: StreamPoint?
    for point in points {
      if let previous {
        if previous.time == point.time { continue }
        if let value = body(previous, point) { result.append(StreamPoint(time: point.time, value: value)) }
      }
      previous = point
    }
    return result
  }

  private static func movingAverage(_ points: [StreamPoint], _ count: Int) -> [StreamPoint] {
    guard points.count >= count else { return [] }
    var sum = points.prefix(count).reduce(0.0) { $0 + ($1.value.number ?? 0) }
    var result = [StreamPoint(time: points[count - 1].time, value: .float(sum / Double(count)))]
    for index in count..<points.count {
      sum += (points[index].value.number ?? 0) - (points[index - count].value.number ?? 0)
      result.append(StreamPoint(time: points[index].time, value: .float(sum / Double(count))))
    }
    return result
  }
}
