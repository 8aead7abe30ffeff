import Glibc
import MillColumns

enum Logarithm {
  static func natural(_ value: Double) -> Double { Glibc.log(value) }
}

/// corr, covar_…, regr_…: count, means and moments of pairs, step by step as Spark's Covariance and
/// PearsonCorrelation. A row with a null in it is passed over.
///
/// @unchecked: one lane has it at a time.
final class PairAccumulator: KeptAccumulator, @unchecked Sendable {
  /// Of a group.
  struct Moments {
    var count = 0.0
    var (x, y) = (0.0, 0.0)
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    /// Second moments by Welford's other form, as Spark's variance has them.
    var (xVariance, yVariance) = (0.0, 0.0)

    mutating func add(_ nextX: Double, _ nextY: Double) {
      count += 1
      let (dx, dy) = (nextX - x, nextY - y)
      let (xStep, yStep) = (dx / count, dy / count)
      x += xStep
      y += yStep
      xy += dx * (nextY - y)
      xx += dx * (nextX - x)
      yy += dy * (nextY - y)
      xVariance += dx * (dx - xStep)
      yVariance += dy * (dy - yStep)
    }

    mutating func add(_ other: Moments) {
      guard other.count > 0 else { return }
      if count == 0 { return self = other }
      let total = count + other.count
      let (dx, dy) = (other.x - x, other.y - y)
      let (xStep, yStep) = (dx / total, dy / total)
      xy += other.xy + dx * yStep * count * other.count
      xx += other.xx + dx * xStep * count * other.count
      yy += other.yy + dy * yStep * count * other.count
      xVariance += other.xVariance + dx * xStep * count * other.count
      yVariance += other.yVariance + dy * yStep * count * other.count
      x += xStep * other.count
      y += yStep * other.count
      count = total
    }
  }

  private let evaluate: @Sendable (Moments) -> Double?
  private let isCount: Bool
  private var groups: [Moments] = []

  init(isCount: Bool = false, _ evaluate: @escaping @Sendable (Moments) -> Double?) {
    self.isCount = isCount
    self.evaluate = evaluate
  }

  func grow(to count: Int) { groups.grow(to: count, Moments()) }

  func update(_ arguments: [Column], rows: [Int32], groups numbers: [Int32]) {
    for (row, group) in zip(rows, numbers) where !arguments[0].isNull(Int(row)) && !arguments[1].isNull(Int(row)) {
      groups[Int(group)].add(
        arguments[0].fixed(Int(row), as: Double.self), arguments[1].fixed(Int(row), as: Double.self))
    }
  }

  func merge(_ other: any Accumulator, groups numbers: [Int32]) {
    for (moments, group) in zip((other as! PairAccumulator).groups, numbers) { groups[Int(group)].add(moments) }
  }

  private static let parts: [WritableKeyPath<Moments, Double> & Sendable] = [
    \.count, \.x, \.y, \.xx, \.xy, \.yy, \.xVariance, \.yVariance,
  ]
  var bufferTypes: [DataType] { Self.parts.map { _ in .double } }
  func buffers() -> [Column] { Self.parts.map { part in .doubles(groups.map { $0[keyPath: part] }) } }
  func merge(buffers: [Column], groups numbers: [Int32]) {
    for (row, group) in numbers.enumerated() {
      var moments = Moments()
      for (part, column) in zip(Self.parts, buffers) { moments[keyPath: part] = column.fixed(row, as: Double.self) }
      groups[Int(group)].add(moments)
    }
  }

  func result() -> Column {
    if isCount { return Column(.long, groups.map { .integer(Int64($0.count)) }) }
    return Column(.double, groups.map { evaluate($0).map { .double($0) } ?? .null })
  }
}

/// skewness and kurtosis: four moments, step by step as Spark's CentralMomentAgg.
///
/// @unchecked: one lane has it at a time.
final class ShapeAccumulator: KeptAccumulator, @unchecked Sendable {
  struct Moments {
    var (count, mean, second, third, fourth) = (0.0, 0.0, 0.0, 0.0, 0.0)

    mutating func add(_ value: Double) {
      count += 1
      let delta = value - mean
      let step = delta / count
      mean += step
      second += delta * (delta - step)
      let (delta2, step2) = (delta * delta, step * step)
      third = third - 3 * step * second + delta * (delta2 - step2)
      fourth = fourth - 4 * step * third - 6 * step2 * second + delta * (delta * delta2 - step * step2)
    }

    mutating func add(_ other: Moments) {
      guard other.count > 0 else { return }
      if count == 0 { return self = other }
      let (n, m) = (count, other.count)
      let delta = other.mean - mean
      let step = delta / (n + m)
      fourth +=
        other.fourth + step * step * step * delta * n * m * (n * n - n * m + m * m)
        + 6 * step * step * (n * n * other.second + m * m * second) + 4 * step * (n * other.third - m * third)
      third += other.third + step * step * delta * n * m * (n - m) + 3 * step * (n * other.second - m * second)
      second += other.second + delta * step * n * m
      mean += step * m
      count = n + m
    }
  }

  private let isKurtosis: Bool
  private var groups: [Moments] = []

  init(isKurtosis: Bool) { self.isKurtosis = isKurtosis }

  func grow(to count: Int) { groups.grow(to: count, Moments()) }

  func update(_ arguments: [Column], rows: [Int32], groups numbers: [Int32]) {
    for (row, group) in zip(rows, numbers) where !arguments[0].isNull(Int(row)) {
      groups[Int(group)].add(arguments[0].fixed(Int(row), as: Double.self))
    }
  }

  func merge(_ other: any Accumulator, groups numbers: [Int32]) {
    for (moments, group) in zip((other as! ShapeAccumulator).groups, numbers) { groups[Int(group)].add(moments) }
  }

  private static let parts: [WritableKeyPath<Moments, Double> & Sendable] = [
    \.count, \.mean, \.second, \.third, \.fourth,
  ]
  var bufferTypes: [DataType] { Self.parts.map { _ in .double } }
  func buffers() -> [Column] { Self.parts.map { part in .doubles(groups.map { $0[keyPath: part] }) } }
  func merge(buffers: [Column], groups numbers: [Int32]) {
    for (row, group) in numbers.enumerated() {
      var moments = Moments()
      for (part, column) in zip(Self.parts, buffers) { moments[keyPath: part] = column.fixed(row, as: Double.self) }
      groups[Int(group)].add(moments)
    }
  }

  func result() -> Column {
    Column(
      .double,
      groups.map { moments in
        if moments.count == 0 || moments.second == 0 { return .null }
        let second = moments.second
        return .double(
          isKurtosis
            ? moments.count * moments.fourth / (second * second) - 3
            : moments.count.squareRoot() * moments.third / (second * second * second).squareRoot())
      })
  }
}
