/// When a file is complete and the next one begins (Flume user guide, HDFS Sink).
public struct RollPolicy: Sendable {
  /// Time since it was opened; nil = off.
  public var interval: Duration?
  /// Bytes of event bodies; nil = off.
  public var size: Int64?
  /// Events; nil = off.
  public var count: Int?
  /// Time since the last event; nil = off.
  public var idle: Duration?

  public init(interval: Duration? = nil, size: Int64? = nil, count: Int? = nil, idle: Duration? = nil) {
    self.interval = interval
    self.size = size
    self.count = count
    self.idle = idle
  }

  /// Looked at before each event: the next one goes to a new file.
  public func isFull(events: Int, bytes: Int64) -> Bool {
    if let count, events >= count { return true }
    if let size, bytes >= size { return true }
    return false
  }

  /// Looked at as time goes by. Times are nanoseconds of a steady clock.
  public func isDue(opened: UInt64, lastWritten: UInt64, now: UInt64) -> Bool {
    if let interval, now - opened >= UInt64(interval / .nanoseconds(1)) { return true }
    if let idle, now - lastWritten >= UInt64(idle / .nanoseconds(1)) { return true }
    return false
  }
}
