import CRdKafka
import MillBase

/// One setting of a topic or a broker, as DescribeConfigs tells it.
struct KafkaConfigurationEntry {
  var name: String
  /// nil for what the server does not show.
  var value: String?
  var isSensitive: Bool
  /// Set for this topic or broker, or for all brokers; else it is the server's default.
  var isOwn: Bool
  /// Where values come from, the one that counts first: `DYNAMIC_TOPIC_CONFIG:retention.ms=1000`.
  var synonyms: [String]
}

/// What has settings.
struct KafkaResource: Hashable {
  enum Kind: String {
    case topic
    case broker
  }
  var kind: Kind
  /// Of a broker its number.
  var name: String

  fileprivate var pointer: OpaquePointer? {
    rd_kafka_ConfigResource_new(kind == .topic ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_BROKER, name)
  }
}

extension KafkaAdmin {
  /// All settings of one resource.
  ///
  /// - Throws: `.notFound`.
  func configuration(of resource: KafkaResource) throws -> [KafkaConfigurationEntry] {
    var found: [KafkaConfigurationEntry] = []
    try describe([resource]) { result in
      try Self.check(result, "describe settings", resource.name)
      found = Self.entries(result)
    }
    return found
  }

  /// The settings that topics have of their own, without the defaults. Topics that can't be described are left out.
  func configurations(of names: [String]) throws -> [String: [String: String]] {
    var found: [String: [String: String]] = [:]
    try describe(names.map { KafkaResource(kind: .topic, name: $0) }) { result in
      guard rd_kafka_ConfigResource_error(result) == RD_KAFKA_RESP_ERR_NO_ERROR else { return }
      let own = Self.entries(result).filter(\.isOwn).compactMap { entry in entry.value.map { (entry.name, $0) } }
      found[String(cString: rd_kafka_ConfigResource_name(result))] = Dictionary(own, uniquingKeysWith: { $1 })
    }
    return found
  }

  /// Makes these the settings that a resource has of its own; what is not named gets the server's default.
  func replaceConfiguration(of resource: KafkaResource, with values: [String: String]) throws {
    var pointer = resource.pointer
    defer { rd_kafka_ConfigResource_destroy(pointer) }
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      try KafkaError.check(rd_kafka_ConfigResource_set_config(pointer, name, value), "change settings", at: name)
    }
    try call(
      RD_KAFKA_ADMIN_OP_ALTERCONFIGS, "change settings", at: resource.name,
      { rd_kafka_AlterConfigs(handle.pointer, &pointer, 1, $0, $1) }
    ) { event in
      var count = 0
      let results = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count)
      for result in UnsafeBufferPointer(start: results, count: count) {
        try Self.check(result, "change settings", resource.name)
      }
    }
  }

  private func describe(_ resources: [KafkaResource], _ body: (OpaquePointer?) throws -> Void) throws {
    if resources.isEmpty { return }
    var pointers = resources.map(\.pointer)
    defer { for pointer in pointers { rd_kafka_ConfigResource_destroy(pointer) } }
    try call(
      RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "describe settings", at: nil,
      { rd_kafka_DescribeConfigs(handle.pointer, &pointers, pointers.count, $0, $1) }
    ) { event in
      var count = 0
      let results = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
      for result in UnsafeBufferPointer(start: results, count: count) { try body(result) }
    }
  }

  private static func check(_ result: OpaquePointer?, _ what: String, _ name: String) throws {
    let error = rd_kafka_ConfigResource_error(result)
    if error == RD_KAFKA_RESP_ERR_NO_ERROR { return }
    let sentence = rd_kafka_ConfigResource_error_string(result).map { String(cString: $0) }
    throw KafkaError.make(error, what, at: name, explanation: sentence)
  }

  private static func entries(_ resource: OpaquePointer?) -> [KafkaConfigurationEntry] {
    var count = 0
    let entries = rd_kafka_ConfigResource_configs(resource, &count)
    return UnsafeBufferPointer(start: entries, count: count).map { entry in
      let own = [
        RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG, RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG,
        RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG,
      ]
      var synonymCount = 0
      let synonyms = rd_kafka_ConfigEntry_synonyms(entry, &synonymCount)
      return KafkaConfigurationEntry(
        name: String(cString: rd_kafka_ConfigEntry_name(entry)),
        value: rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) },
        isSensitive: rd_kafka_ConfigEntry_is_sensitive(entry) == 1,
        isOwn: own.contains(rd_kafka_ConfigEntry_source(entry)),
        synonyms: UnsafeBufferPointer(start: synonyms, count: synonymCount).map { synonym in
          let source = String(cString: rd_kafka_ConfigSource_name(rd_kafka_ConfigEntry_source(synonym)))
          let value = rd_kafka_ConfigEntry_value(synonym).map { String(cString: $0) } ?? "null"
          return "\(source):\(String(cString: rd_kafka_ConfigEntry_name(synonym)))=\(value)"
        })
    }
  }
}
