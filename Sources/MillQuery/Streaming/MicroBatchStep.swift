/// Steps of a micro-batch, in their order: between any two of them the process may die, and the next start must go on
/// as if it had not.
enum MicroBatchStep: CaseIterable, Sendable {
  /// It is known what the micro-batch will read; nothing is written.
  case began
  case offsetsWritten
  /// The sink has taken all rows.
  case sinkWritten
  /// One partition's delta is written; comes once for each.
  case partitionWritten
  case stateWritten
  case committed
  /// Snapshots are written, and old files removed.
  case stateKept
}
