import CRdKafka
import MillBase
import MillLog

/// librdkafka's errors in the words of the rooms.
enum KafkaError {
  static func make(
    _ error: rd_kafka_resp_err_t, _ what: String, at key: String? = nil, detail: String? = nil
  ) -> MillError {
    let text = detail ?? String(cString: rd_kafka_err2str(error))
    let place = key.map { MillError.Place(key: $0) }
    let (code, isRetriable, wayOut) = kind(error)
    return MillError(code, "\(what): \(text)", at: place, wayOut: wayOut, isRetriable: isRetriable)
  }

  private static func kind(_ error: rd_kafka_resp_err_t) -> (MillError.Code, isRetriable: Bool, wayOut: String?) {
    switch error {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
      RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      (.notFound, false, "create the topic first")
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      (.limit, false, "raise the topic's max.message.bytes (and the producer's message.max.bytes)")
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      (.offsetOutOfRange, false, "read from the start or the end of what is there")
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: (.topicExists, false, nil)
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS: (.invalidPartitions, false, nil)
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
      RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, RD_KAFKA_RESP_ERR__INVALID_ARG:
      (.configuration, false, nil)
    case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__WAIT_COORD:
      (.unreachable, true, "check that Kafka runs at bootstrap.servers and that its advertised address is reachable")
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR__QUEUE_FULL:
      (.refused, true, nil)
    default: (.refused, false, nil)
    }
  }

  static func check(_ error: rd_kafka_resp_err_t, _ what: String, at key: String? = nil) throws {
    if error != RD_KAFKA_RESP_ERR_NO_ERROR { throw make(error, what, at: key) }
  }
}
