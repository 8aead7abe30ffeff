import MillBase

extension MillError.Code {
  /// A configuration says something that has no effect, or another one than it seems: work goes on.
  public static let configurationWarning = Self("configuration-warning")
}

/// What is found while a configuration is read: errors (a component or the agent can't run) and warnings.
struct Problems {
  private(set) var list: [MillError] = []

  mutating func error(_ message: String, at place: MillError.Place, wayOut: String? = nil) {
    list.append(MillError(.configuration, message, at: place, wayOut: wayOut))
  }

  mutating func warning(_ message: String, at place: MillError.Place, wayOut: String? = nil) {
    list.append(MillError(.configurationWarning, message, at: place, wayOut: wayOut))
  }

  mutating func add(_ error: MillError) { list.append(error) }

  var errorCount: Int { list.count { $0.code != .configurationWarning } }
}
