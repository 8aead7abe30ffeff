/// Limits and habits of the Kafka server. Names and defaults are Kafka's unless said otherwise.
///
/// Requests in flight are one a connection, as in Kafka: the next is looked at when the client has taken the answer,
/// and until then no more than one socket read of what follows is kept.
public struct ServerOptions: Sendable {
  /// `auto.create.topics.enable`: a client that asks for an unknown topic makes it. Default true.
  public var autoCreateTopics = true
  /// `num.partitions`: of topics made that way, or created with −1 partitions. Default 1.
  public var partitionsDefault = 1
  /// `max.connections`: more are closed at once, with a log line. Default 2,000 (Kafka: no limit).
  public var connectionsMax = 2_000
  /// `socket.request.max.bytes`. Default 100 MiB.
  public var requestSizeMax = 100 << 20
  /// `queued.max.request.bytes`: memory for requests that are coming in, over all connections; a connection that
  /// would go beyond waits. Default 256 MiB (Kafka: no limit).
  public var requestMemoryMax = 256 << 20
  /// Memory for answers that clients have yet to take, over all connections: when it is full, further fetches wait.
  /// Default 256 MiB (Kafka: no limit).
  public var responseMemoryMax = 256 << 20
  /// When that memory is full, a connection that has taken nothing of its answer for so long is closed: the others
  /// don't wait for a client that doesn't read. Default 10 seconds.
  public var responseStallMax: Duration = .seconds(10)
  /// `sasl.server.max.receive.size`: of a request on a connection that has not authenticated yet. Default 512 KiB.
  public var requestSizeUntilAuthenticated = 512 << 10
  /// A connection that has to authenticate is closed when it has not done so by then. Default 30 seconds.
  public var authenticationMax: Duration = .seconds(30)
  /// `connection.failed.authentication.delay.ms`: a wrong password is answered after so long. Default 100 ms.
  public var authenticationDelay: Duration = .milliseconds(100)
  /// `fetch.max.bytes`: of one answer. Default 55 MiB.
  public var fetchSizeMax = 55 << 20
  /// `max.incremental.fetch.session.cache.slots`: clients beyond ask for all their partitions each time. Default 1,000.
  public var fetchSessionsMax = 1_000
  /// `connections.max.idle.ms`: a connection that says nothing for so long is closed. Default 10 minutes.
  public var idleMax: Duration = .seconds(600)
  /// Threads that serve connections. Default 2 (Kafka's `num.network.threads` is 3).
  public var loops = 2
  /// `offset.metadata.max.bytes`. Default 4,096.
  public var offsetMetadataMax = 4_096
  /// `offsets.retention.minutes`: offsets of a group that has had no members for so long are forgotten; those of a
  /// consumer without a group's membership so long after their commit. Default 7 days.
  public var offsetsRetention: Duration = .seconds(7 * 24 * 3600)
  /// `offsets.retention.check.interval.ms`. Default 10 minutes.
  public var offsetsRetentionCheckInterval: Duration = .seconds(600)

  /// Names that a `server.properties` sets: DescribeConfigs tells them from defaults.
  var configured: Set<String> = []

  public init() {}
}
