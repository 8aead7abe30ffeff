import MillBase
import MillLog

/// Records → lines, with kafka-console-consumer's `--property` names and order.
struct RecordFormatter {
  private var prints: Set<String> = ["value"]
  private var keySeparator = Array("\t".utf8)
  private var lineSeparator = Array("\n".utf8)
  private var headersSeparator = Array(",".utf8)
  private var nullLiteral = Array("null".utf8)

  /// - Throws: `.configuration` for an unknown name.
  init(_ properties: [String: String]) throws {
    let parts = ["timestamp", "partition", "offset", "headers", "key", "value"]
    for (name, value) in properties.sorted(by: { $0.key < $1.key }) {
      switch name {
      case "key.separator": keySeparator = Array(value.utf8)
      case "line.separator": lineSeparator = Array(value.utf8)
      case "headers.separator": headersSeparator = Array(value.utf8)
      case "null.literal": nullLiteral = Array(value.utf8)
      case _ where name.hasPrefix("print.") && parts.contains(String(name.dropFirst(6))):
        let part = String(name.dropFirst(6))
        if try RecordLines.flag(name, value) { prints.insert(part) } else { prints.remove(part) }
      default:
        let known = parts.map { "print.\($0)" }
        throw MillError(
          .configuration, "--property has no '\(name)'",
          wayOut: Nearest.advice(
            for: name, among: known + ["key.separator", "line.separator", "headers.separator", "null.literal"]))
      }
    }
  }

  func line(_ consumed: ConsumedRecord) -> [UInt8] {
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
    if prints.contains("key") { parts.append(record.key ?? nullLiteral) }
    if prints.contains("value") { parts.append(record.value ?? nullLiteral) }
    return Array(parts.joined(separator: keySeparator)) + lineSeparator
  }

  private func headers(_ record: Record) -> [UInt8] {
    if record.headers.isEmpty { return Array("NO_HEADERS".utf8) }
    return Array(
      record.headers.map { Array("\($0.key):".utf8) + ($0.value ?? nullLiteral) }.joined(separator: headersSeparator))
  }
}
