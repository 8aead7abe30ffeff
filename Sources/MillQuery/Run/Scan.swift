import MillColumns
import MillLog

/// The columns of a record batch, made only when wanted; values stay where they lie.
struct Scan {
  let source: Source
  let wanted: Set<Int>

  func frame(_ input: ScanInput) -> Frame {
    let columns = source.schema.columns.indices.map { index -> Vector? in
      guard wanted.contains(index) else { return nil }
      switch (source.kind, input) {
      case (.kafka, .records(let records)): return column(index, records)
      case (.kafka, .lines), (.kafka, .rows): preconditionFailure("a topic has no lines")
      case (.table, .rows(let batch)), (.rate, .rows(let batch)): return Vector(batch.columns[index])
      case (.table, _), (.rate, _): preconditionFailure("a table has rows")
      case (.files, .lines(let lines)) where index > 0:
        let value = Column(source.schema.columns[index].type, [lines.partition[index - 1]])
        return Vector(constant: value, count: lines.count)
      case (.files, _): return Vector(valuesOf: input, as: .string)
      }
    }
    return Frame(columns: columns, count: input.count, slot: { $0 })
  }

  private func column(_ index: Int, _ records: RecordBatch) -> Vector {
    func constant(_ value: Value, _ type: DataType) -> Vector {
      Vector(constant: Column(type, [value]), count: records.count)
    }
    func longs(_ type: DataType, _ value: (RecordBatch.Slot) -> Int64) -> Vector {
      Vector(
        Column.fixed(type, count: records.count, as: Int64.self) { target in
          for (row, slot) in records.slots.enumerated() { target[row] = value(slot) }
        })
    }
    switch source.schema.columns[index].name {
    case "key": return Vector(records.column(of: .binary) { ($0.keyStart, $0.keyCount) })
    case "value": return Vector(valuesOf: .records(records), as: .binary)
    case "topic": return constant(.string(records.topicPartition.topic), .string)
    case "partition": return constant(.integer(Int64(records.topicPartition.partition)), .integer)
    case "offset": return longs(.long) { $0.offset }
    case "timestamp": return longs(.timestamp) { $0.timestamp * 1000 }
    // The log keeps the producer's time.
    case "timestampType": return constant(.integer(0), .integer)
    default: return Vector(headers(records))
    }
  }

  /// array<struct<key string, value binary>>; null for a record without headers, as in Spark.
  private func headers(_ records: RecordBatch) -> Column {
    var builder = ColumnBuilder(source.schema.columns.last!.type, capacity: records.count)
    for row in 0..<records.count {
      let headers = records.headers(row)
      builder.append(
        headers.isEmpty
          ? .null : .array(headers.map { .struct([.string($0.key), $0.value.map { .binary($0) } ?? .null]) }))
    }
    return builder.finish()
  }
}
