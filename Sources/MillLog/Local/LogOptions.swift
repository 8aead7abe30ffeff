/// How the built-in log writes, flushes and cleans up. Names and defaults are Kafka's unless said otherwise.
public struct LogOptions: Sendable {
  /// Kafka's `log.flush.interval.messages`: so many records of a partition, then it is flushed to the disk before
  /// `append` returns. Default: never (nil), as in Kafka. 1 makes each append durable against a power cut.
  public var flushIntervalMessages: Int?
  /// Kafka's `log.flush.interval.ms`: everything appended is flushed at the latest after this time, in the
  /// background, unless a topic has its own `flush.ms`. Default (nil) one second (Kafka: never, it counts on replicas
  /// instead).
  ///
  /// What that risks: a killed process loses nothing (the system holds the pages); a power cut may lose the last
  /// second.
  public var flushInterval: Duration?
  /// Kafka's `log.flush.scheduler.interval.ms`: how often partitions are looked at that may need a flush. Default (nil)
  /// as often as the shortest `flush.ms` wants it, and once a second at least.
  public var flushSchedulerInterval: Duration?
  /// Kafka's `log.flush.offset.checkpoint.interval.ms`: how often a partition that is appended to writes down from
  /// where the next opening has to look at it. Default 60 seconds.
  public var checkpointInterval: Duration
  /// The same after so many bytes, at the next flush. Default 4 MiB.
  public var checkpointSize: Int64
  /// Kafka's `log.retention.check.interval.ms`: how often old segments are looked for. Default 5 minutes.
  public var retentionCheckInterval: Duration
  /// Kafka's `log.cleaner.backoff.ms`: how often topics are looked at that may need compaction. Default 15 seconds.
  public var cleanerBackoff: Duration
  /// For topics that don't set them. Default: Kafka's defaults.
  public var topicDefaults: [String: String]
  /// The consumer offsets' log is rewritten when it is bigger than this and mostly outdated. Default 4 MiB.
  public var offsetsCompactionSize: Int
  /// False: nothing is flushed, removed or compacted in the background, only when it is called for. For tests that
  /// open many logs. Default true.
  public var housekeeps = true

  public init(
    flushIntervalMessages: Int? = nil, flushInterval: Duration? = nil, flushSchedulerInterval: Duration? = nil,
    checkpointInterval: Duration = .seconds(60), checkpointSize: Int64 = 4 << 20,
    retentionCheckInterval: Duration = .seconds(300), cleanerBackoff: Duration = .seconds(15),
    topicDefaults: [String: String] = [:],
    offsetsCompactionSize: Int = 4 << 20
  ) {
    self.flushIntervalMessages = flushIntervalMessages
    self.flushInterval = flushInterval
    self.flushSchedulerInterval = flushSchedulerInterval
    self.checkpointInterval = checkpointInterval
    self.checkpointSize = checkpointSize
    self.retentionCheckInterval = retentionCheckInterval
    self.cleanerBackoff = cleanerBackoff
    self.topicDefaults = topicDefaults
    self.offsetsCompactionSize = offsetsCompactionSize
  }
}
