/// The unit of the timestamps of a write, and of a query's `epoch` answers.
public enum TimestampPrecision: Int64, Sendable, CaseIterable {
  case nanoseconds = 1
  case microseconds = 1000
  case milliseconds = 1_000_000
  case seconds = 1_000_000_000
  case minutes = 60_000_000_000
  case hours = 3_600_000_000_000

  /// Nanoseconds of one unit.
  public var nanoseconds: Int64 { rawValue }

  /// The names of InfluxDB 1 (`n`, `u`, `µ`, `ms`, `s`, `m`, `h`) and 2 (`ns`, `us`, `ms`, `s`).
  public init?(name: String) {
    switch name {
    case "n", "ns": self = .nanoseconds
    case "u", "us", "µ", "μ": self = .microseconds
    case "ms": self = .milliseconds
    case "s": self = .seconds
    case "m": self = .minutes
    case "h": self = .hours
    default: return nil
    }
  }
}
