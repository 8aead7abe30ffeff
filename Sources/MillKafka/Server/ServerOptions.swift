/// Limits and habits of the Kafka server. Names and defaults are Kafka's unless said otherwise.
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
  /// `fetch.max.bytes`: of one answer. Default 55 MiB.
  public var fetchSizeMax = 55 << 20
  /// `connections.max.idle.ms`: a connection that says nothing for so long is closed. Default 10 minutes.
  public var idleMax: Duration = .seconds(600)
  /// Threads that serve connections. Default 2 (Kafka's `num.network.threads` is 3).
  public var loops = 2
  /// `offset.metadata.max.bytes`. Default 4,096.
  public var offsetMetadataMax = 4_096

  public init() {}
}
