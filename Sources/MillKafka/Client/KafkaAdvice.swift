import CRdKafka
import MillBase

/// What an error of librdkafka means, and what a person can do about it.
///
/// The names and codes are those of the Kafka protocol ("Error Codes"), negative ones librdkafka's own.
struct KafkaAdvice {
  /// What becomes of the same call later.
  enum Prospect: String {
    /// It may succeed, without anyone changing anything.
    case retriable
    /// It fails until someone changes something.
    case permanent = "not retriable"
    /// The client instance can't go on, and a new one would meet the same.
    case fatal
    /// The client instance can't go on; the next call begins a new one.
    case renewed = "fatal for this client, the next call begins a new one"

    var isRetriable: Bool { self == .retriable || self == .renewed }
  }

  var code: MillError.Code
  var prospect: Prospect
  var wayOut: String?

  private struct Rule {
    var errors: Set<Int32>
    /// One of these must stand in librdkafka's explanation; none = whatever it says.
    var words: [String]
    var advice: KafkaAdvice
  }

  private static func rule(
    _ errors: [rd_kafka_resp_err_t], saying words: [String] = [], _ code: MillError.Code, _ prospect: Prospect,
    _ wayOut: String? = nil
  ) -> Rule {
    Rule(
      errors: Set(errors.map(\.rawValue)), words: words,
      advice: KafkaAdvice(code: code, prospect: prospect, wayOut: wayOut))
  }

  /// The first rule that fits counts.
  static func of(_ error: rd_kafka_resp_err_t, _ explanation: String) -> KafkaAdvice {
    let found = rules.first { rule in
      rule.errors.contains(error.rawValue)
        && (rule.words.isEmpty || rule.words.contains { explanation.contains($0) })
    }
    return found?.advice ?? KafkaAdvice(code: .refused, prospect: .permanent)
  }

  private static let rules = connections + records + topics + groups + producers + clients

  // MARK: Reaching the server, and being let in

  /// librdkafka gives the same trouble now the one, now the other code.
  private static let handshakes = [RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR__TRANSPORT]

  private static let connections = [
    rule(
      [RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM],
      saying: ["mechanism handshake failed", "Unsupported SASL mechanism"], .configuration, .permanent,
      "set sasl.mechanism to one that the server offers (sasl.enabled.mechanisms there)"),
    rule(
      [RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED], .configuration, .permanent,
      "check user and password: sasl.username and sasl.password, or sasl.jaas.config; and that sasl.mechanism is the "
        + "one this user was made for"),
    rule(
      [RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE], .configuration, .permanent,
      "the listener's security.protocol is another one: set SASL_SSL, SASL_PLAINTEXT, SSL or PLAINTEXT as on the server"
    ),
    rule(
      handshakes, saying: ["hostname mismatch", "IP address mismatch"], .configuration, .permanent,
      "give in bootstrap.servers the name that stands in the server's certificate, or set "
        + "ssl.endpoint.identification.algorithm to nothing (then any name is taken)"),
    rule(
      handshakes, saying: ["certificate verify failed", "certificate could not be verified"],
      .configuration, .permanent,
      "give the authority that signed the server's certificate: ssl.ca.location, or ssl.truststore.type=PEM with "
        + "ssl.truststore.location; the certificate must also be for the host's name and of today"),
    rule(
      handshakes, saying: ["PLAINTEXT broker listener", "wrong version number"], .configuration,
      .permanent, "this listener speaks no TLS: set security.protocol to SASL_PLAINTEXT or PLAINTEXT"),
    rule(
      handshakes, saying: ["certificate required", "bad certificate", "unknown ca"], .configuration,
      .permanent, "the server wants a client certificate: give ssl.keystore.location (and ssl.keystore.type)"),
    // A listener without TLS closes the connection; one that is just being started does so too.
    rule(
      handshakes, saying: ["unexpected eof", "in state SSL_HANDSHAKE"], .unreachable, .retriable,
      "if that listener speaks no TLS, set security.protocol to SASL_PLAINTEXT or PLAINTEXT"),
    rule(
      [RD_KAFKA_RESP_ERR__SSL], .configuration, .permanent,
      "check security.protocol, ssl.ca.location and ssl.keystore.location"),
    rule(
      [RD_KAFKA_RESP_ERR__TRANSPORT], saying: ["SSL listener"], .unreachable, .retriable,
      "if that listener speaks TLS, set security.protocol to SASL_SSL or SSL"),
    rule(
      [RD_KAFKA_RESP_ERR__TRANSPORT], saying: ["Disconnected"], .unreachable, .retriable,
      "the server closed the connection: see its log; a listener that asks for a password needs "
        + "security.protocol=SASL_SSL (or SASL_PLAINTEXT), sasl.mechanism and a user"),
    rule(
      [RD_KAFKA_RESP_ERR__RESOLVE], .unreachable, .retriable,
      "check the host names in bootstrap.servers and in the server's advertised.listeners"),
    rule(
      [
        RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
        RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__WAIT_COORD,
        RD_KAFKA_RESP_ERR__FAIL, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR__UNKNOWN_BROKER,
      ], .unreachable, .retriable,
      "check that Kafka runs at bootstrap.servers and that its advertised.listeners can be reached from here"),
    rule(
      [
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_CONTROLLER, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
        RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
      ], .refused, .retriable, "the cluster is busy or moves partitions: it mends by itself"),
    rule(
      [RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND], .refused,
      .retriable, "bring the missing brokers back, or lower the topic's min.insync.replicas"),
    rule(
      [RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR], .refused, .retriable, "look at the broker's disk and its log"),
    rule(
      [
        RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
        RD_KAFKA_RESP_ERR_SECURITY_DISABLED, RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
      ], .notOffered, .permanent, "this server does not offer that"),
  ]

  // MARK: Records

  private static let records = [
    rule(
      [RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE], .limit, .permanent,
      "raise the topic's max.message.bytes (and the producer's max.request.size)"),
    rule(
      [RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET], .offsetOutOfRange, .permanent,
      "read from the start or the end of what is there"),
    rule(
      [RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR__BAD_MSG], .refused, .retriable,
      "the record was damaged on the way or on the disk: check the broker's log"),
    rule(
      [RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, RD_KAFKA_RESP_ERR__BAD_COMPRESSION], .refused, .permanent,
      "choose another compression.type"),
    rule(
      [RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP], .refused, .permanent,
      "the record's time is too far from the broker's: see the topic's message.timestamp.* settings"),
    rule([RD_KAFKA_RESP_ERR_INVALID_RECORD], .refused, .permanent, "a compacted topic wants a key in each record"),
    rule([RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS], .configuration, .permanent, "set acks to 0, 1 or all"),
  ]

  // MARK: Topics, and who may use them

  private static let topics = [
    rule(
      [
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
      ], .notFound, .permanent, "create the topic first, or check its name"),
    rule(
      [RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS], .topicExists, .permanent,
      "choose another name, or use what is there"),
    rule([RD_KAFKA_RESP_ERR_INVALID_PARTITIONS], .invalidPartitions, .permanent, "partitions can be added only"),
    rule(
      [RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION], .configuration, .permanent,
      "a topic's name has up to 249 letters, digits, dots, dashes and underscores"),
    rule(
      [RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT], .configuration,
      .permanent, "there must be as many brokers"),
    rule(
      [RD_KAFKA_RESP_ERR_INVALID_CONFIG], .configuration, .permanent, "see Kafka's topic configurations"),
    rule(
      [RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED], .refused, .permanent,
      "the server's policy forbids it: ask who runs it"),
    rule(
      [RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED], .refused, .permanent,
      "let this user read or write the topic (kafka-acls --add --topic)"),
    rule(
      [RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED], .refused, .permanent,
      "let this user read with the group (kafka-acls --add --group), or choose another group.id"),
    rule(
      [RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED],
      .refused, .permanent,
      "let this user do it (kafka-acls); a producer without the right IdempotentWrite needs enable.idempotence=false"),
  ]

  // MARK: Consumer groups

  private static let groups = [
    rule([RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP], .refused, .permanent, "stop the group's consumers first"),
    rule(
      [RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC], .refused, .permanent,
      "stop the group's consumers of that topic first"),
    rule(
      [RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, RD_KAFKA_RESP_ERR__UNKNOWN_GROUP], .notFound, .permanent,
      "see the groups that there are with --list"),
    rule(
      [RD_KAFKA_RESP_ERR_INVALID_GROUP_ID], .configuration, .permanent, "give a group.id that is not empty"),
    rule(
      [
        RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
        RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
        RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED,
      ], .refused, .retriable, "the group shares its partitions anew: uncommitted records come again"),
    rule(
      [RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED], .refused, .retriable,
      "raise max.poll.interval.ms, or handle records faster"),
    rule(
      [RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID], .refused, .fatal,
      "another consumer runs with this group.instance.id: give each its own"),
    rule(
      [RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL], .configuration, .permanent,
      "give all of the group's consumers the same partition.assignment.strategy"),
    rule(
      [RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT], .configuration, .permanent,
      "keep session.timeout.ms within the server's group.min/max.session.timeout.ms"),
    rule([RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED], .limit, .permanent, "raise the server's group.max.size"),
    rule([RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE], .limit, .permanent, "raise offset.metadata.max.bytes"),
  ]

  // MARK: Idempotent and transactional producers

  private static let producers = [
    rule(
      [
        RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
      ], .refused, .fatal,
      "a newer producer has taken over this transactional.id or producer id: stop one of the two, or give each its own"),
    rule(
      [
        RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
        RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING,
        RD_KAFKA_RESP_ERR__FATAL,
      ], .refused, .renewed,
      "the server has lost track of this producer (its records were deleted, or the broker's disk was restored)"),
    rule([RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS], .refused, .retriable, "the transaction before is being ended"),
    rule(
      [RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT], .configuration, .permanent,
      "lower transaction.timeout.ms to the server's transaction.max.timeout.ms"),
  ]

  // MARK: This side

  private static let clients = [
    rule([RD_KAFKA_RESP_ERR__QUEUE_FULL], .refused, .retriable, "raise buffer.memory"),
    rule([RD_KAFKA_RESP_ERR__INVALID_ARG], .configuration, .permanent),
    rule(
      [RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, RD_KAFKA_RESP_ERR__NOT_CONFIGURED], .configuration, .permanent,
      "this librdkafka was built without it"),
    rule([RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT], .stopped, .permanent),
    rule(
      [RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, RD_KAFKA_RESP_ERR__FS], .system, .permanent,
      "look at memory, threads and files of this machine (ulimit -a)"),
  ]
}
