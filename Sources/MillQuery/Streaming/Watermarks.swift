import MillBase

/// Event times that a micro-batch has seen at one WATERMARK, in milliseconds. A null counts as 1970, as in Spark.
struct EventTimeStats: Sendable, Equatable {
  var count: Int64 = 0
  var least = Int64.max
  var greatest = Int64.min
  private var sum = 0.0

  mutating func add(milliseconds: Int64) {
    count += 1
    least = min(least, milliseconds)
    greatest = max(greatest, milliseconds)
    sum += Double(milliseconds)
  }

  mutating func add(_ other: EventTimeStats) {
    count += other.count
    least = min(least, other.least)
    greatest = max(greatest, other.greatest)
    sum += other.sum
  }

  var average: Int64 { count == 0 ? 0 : Int64(sum / Double(count)) }
}

/// The watermarks of one micro-batch, milliseconds since 1970.
struct Watermarks: Sendable, Equatable {
  /// Rows at or before it are late: the watermark of the micro-batch before.
  var late: Int64 = 0
  /// What is at or before it is over.
  var eviction: Int64 = 0

  func isLate(_ microseconds: Int64) -> Bool { microseconds <= late.multipliedClamped(by: 1000) }
  var evictionMicroseconds: Int64 { eviction.multipliedClamped(by: 1000) }
  /// Else nothing can be over that was not so already.
  var hasMoved: Bool { eviction != late }
}

/// How far event time has come (Spark: WatermarkTracker with the policy `min`).
struct WatermarkTracker {
  private(set) var current: Int64 = 0
  private var byNumber: [Int: Int64] = [:]

  /// It never goes back.
  mutating func set(_ milliseconds: Int64) { current = max(current, milliseconds) }

  /// A micro-batch has ended.
  mutating func update(_ watermarks: [Watermark], _ seen: [Int: EventTimeStats]) {
    for watermark in watermarks {
      let before = byNumber[watermark.number]
      if let stats = seen[watermark.number], stats.count > 0 {
        let next = stats.greatest - watermark.delayMilliseconds
        byNumber[watermark.number] = max(before ?? next, next)
      } else if before == nil {
        byNumber[watermark.number] = 0
      }
    }
    if let least = byNumber.values.min() { set(least) }
  }
}

extension Int64 {
  fileprivate func multipliedClamped(by factor: Int64) -> Int64 {
    let (result, isOver) = multipliedReportingOverflow(by: factor)
    return isOver ? (self < 0 ? .min : .max) : result
  }
}
