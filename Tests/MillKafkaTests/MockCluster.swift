import CRdKafka
import MillBase

/// librdkafka's mock cluster: a Kafka server that is not ours, in this process, on ports of its own.
///
/// It keeps what is produced and knows groups, but nothing of what an administrator asks.
final class MockCluster: @unchecked Sendable {
  // @unchecked: the mock cluster takes its calls from any thread.
  private let instance: OpaquePointer
  private let cluster: OpaquePointer

  init(brokers: Int) throws {
    let conf = rd_kafka_conf_new()!
    // An instance is needed for the cluster's threads; it connects to nobody.
    rd_kafka_conf_set_log_cb(conf) { _, _, _, _ in }
    var message = [CChar](repeating: 0, count: 256)
    guard let instance = rd_kafka_new(RD_KAFKA_PRODUCER, conf, &message, message.count),
      let cluster = rd_kafka_mock_cluster_new(instance, Int32(brokers))
    else { throw MillError(.system, "no mock cluster") }
    self.instance = instance
    self.cluster = cluster
  }

  deinit {
    rd_kafka_mock_cluster_destroy(cluster)
    rd_kafka_destroy(instance)
  }

  var bootstrapServers: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

  func createTopic(_ name: String, partitions: Int) {
    let error = rd_kafka_mock_topic_create(cluster, name, Int32(partitions), 1)
    precondition(error == RD_KAFKA_RESP_ERR_NO_ERROR, "a mock topic takes any name")
  }

  /// The next requests of a kind are answered with these errors, one each.
  func fail(_ request: Int16, with errors: rd_kafka_resp_err_t...) {
    rd_kafka_mock_push_request_errors_array(cluster, request, errors.count, errors)
  }

  /// All brokers close their connections and take no new ones, or take some again.
  func setDown(_ isDown: Bool) {
    _ = isDown ? rd_kafka_mock_broker_set_down(cluster, -1) : rd_kafka_mock_broker_set_up(cluster, -1)
  }
}

/// Kafka's numbers of requests.
enum RequestKey {
  static let produce: Int16 = 0
  static let fetch: Int16 = 1
}
