import MillBase
import MillColumns
import MillLog

/// Rows → records: columns `value`, and when they are there `key`, `topic`, `partition`, `headers` (Spark's Kafka
/// integration guide, "Writing Data to Kafka").
struct KafkaRows: Sendable {
  /// Wins over the column.
  private let topic: String?
  private let topicColumn: Int?
  private let key: Int?
  private let value: Int
  private let partition: Int?
  private let headers: Int?

  private static let headersType = KafkaSource.headersColumn.type

  /// - Throws: `.configuration`, in Spark's words.
  init(_ schema: Schema, topic: String?) throws {
    func column(_ name: String, _ types: [DataType]) throws -> Int? {
      guard let index = schema.index(of: name) else { return nil }
      let type = schema.columns[index].type
      guard types.contains(type) else {
        throw MillError(
          .configuration,
          "\(name) attribute unsupported type \(Self.catalog(type)). \(name) must be a(n) "
            + types.map(Self.catalog).joined(separator: " or "))
      }
      return index
    }
    self.topic = topic
    topicColumn = topic == nil ? try column("topic", [.string]) : nil
    guard topic != nil || topicColumn != nil else {
      throw MillError(
        .configuration,
        "topic option required when no 'topic' attribute is present. Use the topic option for setting a topic.")
    }
    key = try column("key", [.string, .binary])
    guard let value = try column("value", [.string, .binary]) else {
      throw MillError(
        .configuration, "Required attribute 'value' not found",
        wayOut: "SELECT to_json(struct(*)) AS value makes one of all columns")
    }
    self.value = value
    headers = try column("headers", [Self.headersType])
    partition = try column("partition", [.integer])
  }

  /// Spark's catalogString.
  private static func catalog(_ type: DataType) -> String {
    type.sql.lowercased().replacing(": ", with: ":").replacing(", ", with: ",")
  }

  /// One for each row, in order.
  ///
  /// - Throws: `.badInput` for a row without a topic or with a partition below 0.
  func records(_ batch: ColumnBatch) throws -> [AddressedRecord] {
    func bytes(_ index: Int?, _ row: Int) -> [UInt8]? {
      guard let index, !batch.columns[index].isNull(row) else { return nil }
      return batch.columns[index].withBytes(row) { Array($0) }
    }
    return try (0..<batch.count).map { row in
      guard let topic = topic ?? bytes(topicColumn, row).map({ String(decoding: $0, as: UTF8.self) }) else {
        throw MillError(
          .badInput, "null topic present in the data. Use the topic option for setting a topic.")
      }
      var place: Int32?
      if let partition, !batch.columns[partition].isNull(row) {
        place = batch.columns[partition].fixed(row, as: Int32.self)
        if place! < 0 {
          throw MillError(
            .badInput,
            "Invalid partition: \(place!). Partition number should always be non-negative or null.")
        }
      }
      var record = Record(key: bytes(key, row), value: bytes(value, row))
      if let headers, !batch.columns[headers].isNull(row) {
        record.headers = Self.headers(batch.columns[headers], row)
      }
      return AddressedRecord(topic: topic, partition: place, record: record)
    }
  }

  private static func headers(_ column: Column, _ row: Int) -> [Record.Header] {
    let pairs = column.children[0]
    return (column.offset(row)..<column.offset(row + 1)).map { index in
      let key = pairs.children[0].text(index) ?? ""
      let value = pairs.children[1]
      return Record.Header(key, value.isNull(index) ? nil : value.withBytes(index) { Array($0) })
    }
  }
}
