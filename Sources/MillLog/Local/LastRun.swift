import MillBase

/// What is known of a data directory's partitions when it is opened.
struct LastRun: Sendable {
  /// The log was closed in order: everything is on the disk.
  var wasClosed: Bool
  /// Up to where each partition was flushed; nil = nobody wrote it down.
  var flushed: [TopicPartition: Int64]?

  /// Of a partition that is new.
  static let none = LastRun(wasClosed: false, flushed: [:])

  /// Takes the mark of a clean shutdown away.
  init(of directory: String) throws {
    let marker = "\(directory)/\(LocalLog.cleanShutdownName)"
    wasClosed = Files.exists(marker)
    if wasClosed { try Files.remove(marker) }
    do { flushed = try OffsetsFile.recoveryPoints.read(directory) } catch let error as MillError {
      Log.error("log", "\(error)")
    }
  }

  init(wasClosed: Bool, flushed: [TopicPartition: Int64]?) {
    self.wasClosed = wasClosed
    self.flushed = flushed
  }

  /// Everything before was on the disk; nil = not known.
  func flushedOffset(of partition: TopicPartition) -> Int64? { flushed.map { $0[partition] ?? 0 } }
}
