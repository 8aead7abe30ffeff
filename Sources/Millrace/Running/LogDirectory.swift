import MillBase
import MillKafka
import MillLog
import Synchronization

/// Which log an address means: the pipeline's own one, or a Kafka that is reached through librdkafka.
///
/// Flume files and Spark SQL name `localhost:9092`; when that is the built-in log of this process, records go straight
/// to it, without a socket between.
final class LogDirectory: Sendable {
  let local: LocalLog?
  /// Where the built-in log serves.
  let localAddress: Address?
  private let properties: [String: String]
  private let clients = Mutex<[String: KafkaLog]>([:])

  /// - Parameters:
  ///   - local: the built-in log and where it serves the Kafka protocol.
  ///   - properties: of librdkafka, for other logs.
  init(local: (log: LocalLog, address: Address)?, properties: [String: String]) {
    self.local = local?.log
    localAddress = local?.address
    self.properties = properties
  }

  /// - Parameters:
  ///   - bootstrapServers: `host:port[,host:port]`.
  ///   - properties: Kafka client properties that win over the pipeline's; the built-in log needs none of them.
  /// - Throws: `.configuration` naming an unknown property.
  func log(_ bootstrapServers: String, properties own: [String: String] = [:]) throws -> any RecordLog {
    if let local, let localAddress, try isLocal(bootstrapServers, localAddress) { return local }
    return try client(bootstrapServers, properties: own)
  }

  /// The log through the Kafka protocol, be it the built-in one: for transactions.
  func client(_ bootstrapServers: String, properties own: [String: String] = [:]) throws -> KafkaLog {
    let isLocal = try localAddress.map { try self.isLocal(bootstrapServers, $0) } ?? false
    // The pipeline's properties are meant for a Kafka, not for the log of this process.
    let properties = isLocal ? own : properties.merging(own) { $1 }
    let key = bootstrapServers + properties.sorted { $0.key < $1.key }.map { "\n\($0.key)=\($0.value)" }.joined()
    return try clients.withLock { clients in
      if let client = clients[key] { return client }
      let client = try KafkaLog(bootstrapServers: bootstrapServers, properties: properties)
      clients[key] = client
      return client
    }
  }

  private func isLocal(_ bootstrapServers: String, _ localAddress: Address) throws -> Bool {
    try bootstrapServers.split(separator: ",").contains { part in
      let address = try Address(part.filter { $0 != " " })
      return address.port == localAddress.port && (address.host == localAddress.host || address.isLoopback)
    }
  }

  func close() throws {
    for client in clients.withLock({ $0.values.map { $0 } }) { try client.close() }
  }
}
