import Synchronization

/// A value that is set once, later: where an AvailableNow run ends.
final class Frozen<Value: Sendable>: Sendable {
  private let state = Mutex<Value?>(nil)
  var value: Value? { state.withLock { $0 } }
  func set(_ value: Value) { state.withLock { $0 = value } }
}
