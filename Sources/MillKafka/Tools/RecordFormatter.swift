import MillBase
import MillLog

/// Records → lines, with kafka-console-consumer's `--property` names and order.
struct RecordFormatter {
  private var prints: Set<String> = ["value"]
  private var keySeparator = Array("\t".utf8)
  private var lineSeparator = Array("\n".utf8)
  private var headersSeparator = Array(",".utf8)
  private var nullLiteral = Array("null".utf8)
  private var key = FieldText.bytes
  private var value = FieldText.bytes
  private var isSilent = false

  /// - Parameter name: of Kafka's class; nil = its default.
  /// - Throws: `.configuration` for an unknown name.
  init(_ properties: [String: String], class name: String? = nil) throws {
    switch name?.split(separator: ".").last {
    case nil, "DefaultMessageFormatter"?: break
    case "NoOpMessageFormatter"?: isSilent = true
    default:
      throw MillError(
        .configuration, "there is no formatter '\(name!)' here",
        wayOut: "DefaultMessageFormatter and NoOpMessageFormatter are")
    }
    let parts = ["timestamp", "partition", "offset", "headers", "key", "value"]
    for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
      switch name {
      case "key.separator": keySeparator = Array(value.utf8)
      case "line.separator": lineSeparator = Array(value.utf8)
      case "headers.separator": headersSeparator = Array(value.utf8)
      case "null.literal": nullLiteral = Array(value.utf8)
      case "key.deserializer": key = try FieldText(deserializer: value)
      case "value.deserializer": self.value = try FieldText(deserializer: value)
      case _ where name.hasPrefix("print.") && parts.contains(String(name.dropFirst(6))):
        let part = String(name.dropFirst(6))
        if try RecordLines.flag(name, value) { prints.insert(part) } else { prints.remove(part) }
      default:
        let known = parts.map { "print.\($0)" }
        throw MillError(
          .configuration, "--property has no '\(name)'",
          wayOut: Nearest.advice(
            for: name,
            among: known + [
              "key.separator", "line.separator", "headers.separator", "null.literal", "key.deserializer",
              "value.deserializer",
            ]))
      }
    }
  }

  func line(_ consumed: ConsumedRecord) -> [UInt8] {
    if isSilent { return [] }
    let record = consumed.record
    var parts: [[UInt8]] = []
    if prints.contains("timestamp") {
      let kind = consumed.isLogAppendTime ? "LogAppendTime" : "CreateTime"
      let time = record.timestamp.flatMap { $0 < 0 ? nil : $0 }
      parts.append(Array((time.map { "\(kind):\($0)" } ?? "NO_TIMESTAMP").utf8))
    }
    if prints.contains("partition") { parts.append(Array("Partition:\(consumed.topicPartition.partition)".utf8)) }
    if prints.contains("offset") { parts.append(Array("Offset:\(consumed.offset)".utf8)) }
    if prints.contains("headers") { parts.append(headers(record)) }
    if prints.contains("key") { parts.append(record.key.map(key.text) ?? nullLiteral) }
    if prints.contains("value") { parts.append(record.value.map(value.text) ?? nullLiteral) }
    return Array(parts.joined(separator: keySeparator)) + lineSeparator
  }

  private func headers(_ record: Record) -> [UInt8] {
    if record.headers.isEmpty { return Array("NO_HEADERS".utf8) }
    return Array(
      record.headers.map { Array("\($0.key):".utf8) + ($0.value ?? nullLiteral) }.joined(separator: headersSeparator))
  }
}

/// A key's or value's bytes → what is printed, by the name of Kafka's deserializer class.
enum FieldText {
  /// As they are.
  case bytes
  case integer
  case long
  case float
  case double

  /// - Throws: `.configuration` for another class.
  init(deserializer name: String) throws {
    switch name.split(separator: ".").last ?? "" {
    case "StringDeserializer", "ByteArrayDeserializer", "BytesDeserializer": self = .bytes
    case "IntegerDeserializer": self = .integer
    case "LongDeserializer": self = .long
    case "FloatDeserializer": self = .float
    case "DoubleDeserializer": self = .double
    default:
      throw MillError(
        .configuration, "there is no deserializer '\(name)' here",
        wayOut:
          "StringDeserializer, ByteArrayDeserializer, IntegerDeserializer, LongDeserializer, FloatDeserializer and "
          + "DoubleDeserializer are")
    }
  }

  /// Numbers are big-endian, as Kafka's serializers write them. Of another length it is no such number, and stays as it
  /// is.
  func text(_ bytes: [UInt8]) -> [UInt8] {
    let bits = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let text: String
    switch (self, bytes.count) {
    case (.integer, 4): text = "\(Int32(truncatingIfNeeded: bits))"
    case (.long, 8): text = "\(Int64(bitPattern: bits))"
    case (.float, 4): text = "\(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))"
    case (.double, 8): text = "\(Double(bitPattern: bits))"
    default: return bytes
    }
    return Array(text.utf8)
  }
}
