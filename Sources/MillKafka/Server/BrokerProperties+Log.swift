import MillBase
import MillLog

/// A topic's setting under the names that it has when it is the broker's (Kafka documentation, topic configs: "server
/// default property").
struct BrokerTopicSetting {
  var topicName: String
  /// The first that is given counts; what it gives is multiplied to have the topic's unit.
  var names: [(name: String, factor: Int64)]

  init(_ topicName: String, _ names: (String, Int64)...) {
    self.topicName = topicName
    self.names = names.map { (name: $0.0, factor: $0.1) }
  }

  static let all = [
    BrokerTopicSetting("cleanup.policy", ("log.cleanup.policy", 1)),
    BrokerTopicSetting("compression.type", ("compression.type", 1)),
    BrokerTopicSetting("delete.retention.ms", ("log.cleaner.delete.retention.ms", 1)),
    BrokerTopicSetting("flush.messages", ("log.flush.interval.messages", 1)),
    BrokerTopicSetting("flush.ms", ("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)),
    BrokerTopicSetting("index.interval.bytes", ("log.index.interval.bytes", 1)),
    BrokerTopicSetting("max.message.bytes", ("message.max.bytes", 1)),
    BrokerTopicSetting("message.timestamp.type", ("log.message.timestamp.type", 1)),
    BrokerTopicSetting("min.cleanable.dirty.ratio", ("log.cleaner.min.cleanable.ratio", 1)),
    BrokerTopicSetting("min.insync.replicas", ("min.insync.replicas", 1)),
    BrokerTopicSetting("retention.bytes", ("log.retention.bytes", 1)),
    BrokerTopicSetting(
      "retention.ms", ("log.retention.ms", 1), ("log.retention.minutes", 60_000), ("log.retention.hours", 3_600_000)),
    BrokerTopicSetting("segment.bytes", ("log.segment.bytes", 1)),
    BrokerTopicSetting("segment.ms", ("log.roll.ms", 1), ("log.roll.hours", 3_600_000)),
  ]
}

extension BrokerProperties {
  static let logNames =
    BrokerTopicSetting.all.flatMap { $0.names.map(\.name) } + [
      "log.flush.offset.checkpoint.interval.ms", "log.retention.check.interval.ms", "log.cleaner.backoff.ms",
    ]

  mutating func readLog() throws {
    for setting in BrokerTopicSetting.all {
      guard let (name, factor) = setting.names.first(where: { values[$0.name] != nil }) else { continue }
      var value = try text(name)!
      if factor != 1 {
        guard let number = Int32(value), number >= -1 else { throw wrong(name, "'\(value)' is not a whole number") }
        value = number < 0 ? "-1" : String(Int64(number) * factor)
      }
      do { _ = try TopicConfiguration([setting.topicName: value]) } catch let error as MillError {
        throw wrong(name, error.message, error.wayOut)
      }
      logOptions.topicDefaults[setting.topicName] = value
    }
    if values["log.flush.scheduler.interval.ms"] != nil {
      var interval = Duration.zero
      try milliseconds("log.flush.scheduler.interval.ms", &interval, least: 1)
      logOptions.flushSchedulerInterval = interval
    }
    try milliseconds("log.flush.offset.checkpoint.interval.ms", &logOptions.checkpointInterval)
    try milliseconds("log.retention.check.interval.ms", &logOptions.retentionCheckInterval, least: 1)
    try milliseconds("log.cleaner.backoff.ms", &logOptions.cleanerBackoff)
  }

  /// Kafka's settings that mean nothing to one broker without replicas, quotas and controllers.
  static let withoutEffect = [
    "broker.id", "node.id", "process.roles", "num.io.threads", "background.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers", "socket.send.buffer.bytes", "socket.receive.buffer.bytes", "queued.max.requests",
    "default.replication.factor", "offsets.topic.replication.factor", "offsets.topic.num.partitions",
    "transaction.state.log.replication.factor", "transaction.state.log.min.isr",
    "transaction.state.log.num.partitions", "group.initial.rebalance.delay.ms", "delete.topic.enable",
    "log.cleaner.enable", "log.cleaner.threads", "log.segment.delete.delay.ms", "log.preallocate",
    "log.index.size.max.bytes", "unclean.leader.election.enable", "auto.leader.rebalance.enable", "zookeeper.connect",
    "zookeeper.connection.timeout.ms",
  ]
  static let withoutEffectPrefixes = [
    "controller.", "replica.", "metadata.log.", "inter.broker.", "metric", "remote.log", "quota.", "leader.",
  ]
}
