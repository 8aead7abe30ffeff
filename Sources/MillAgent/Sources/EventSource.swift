import MillBase

/// A source as the agent runs it: on a thread of its own.
protocol EventSource: AnyObject, Sendable {
  /// Looks whether the source can work. - Throws: why it can't.
  func start() throws
  /// Reads and delivers until `stop`; a batch that waits for room in a channel is given up only on `abandon`.
  func run(stop: Signal, abandon: Signal)
  /// After all sinks have ended: writes down what has arrived.
  func finish()
}
