/// What a collector has done since it was started, for the chain's own page.
public struct CollectorStatus: Sendable {
  public var name: String
  /// Without credentials and query values.
  public var url: String
  public var isRunning = false
  /// Milliseconds since 1970 of the last good answer.
  public var lastSuccess: Int64?
  /// What went wrong last; stays after a success, see ``failuresInARow``.
  public var lastError: String?
  public var lastErrorTime: Int64?
  /// 0 = the last request went well.
  public var failuresInARow = 0
  /// Requests sent.
  public var requests = 0
  /// Good documents received.
  public var fetched = 0
  /// Files written to the spool directory.
  public var written = 0
  /// Bytes of these files.
  public var bytes = 0
  /// Documents not written because they were as the last one (`onlyWhenChanged`).
  public var unchanged = 0
  /// Requests or writes that failed.
  public var failed = 0
  /// Why nothing is fetched now: the spool is full, the disk is full.
  public var pausedBecause: String?
  /// Files in the spool directory that no agent has completed yet, and their bytes.
  public var spoolFiles = 0
  public var spoolBytes = 0
}
