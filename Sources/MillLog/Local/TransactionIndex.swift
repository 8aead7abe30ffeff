/// A transaction that was aborted: records of this producer within these offsets don't count.
public struct AbortedTransaction: Sendable, Equatable {
  public var producerID: Int64
  /// Of its first record in the partition.
  public var firstOffset: Int64
  /// Of the marker that ended it.
  public var lastOffset: Int64
}

/// A partition's transactions: those that are open, and those that were aborted.
struct TransactionIndex: Equatable {
  /// Each producer's open transaction, by the offset of its first record.
  private(set) var open: [Int64: Int64]
  /// In the order of their markers.
  private(set) var aborted: [AbortedTransaction]

  init(open: [Int64: Int64] = [:], aborted: [AbortedTransaction] = []) {
    self.open = open
    self.aborted = aborted
  }

  var isEmpty: Bool { open.isEmpty && aborted.isEmpty }

  /// Everything before is decided: Kafka's last stable offset.
  func stableOffset(end: Int64) -> Int64 { open.values.min() ?? end }

  /// Notes a batch that is in the log.
  ///
  /// - Parameter marker: what a control batch says.
  mutating func note(_ header: BatchHeader, marker: TransactionMarker?) {
    guard header.isTransactional, header.hasProducer else { return }
    guard header.isControl else {
      if open[header.producerID] == nil { open[header.producerID] = header.baseOffset }
      return
    }
    guard let marker, let first = open.removeValue(forKey: header.producerID), marker == .abort else { return }
    aborted.append(
      AbortedTransaction(producerID: header.producerID, firstOffset: first, lastOffset: header.lastOffset))
  }

  /// Aborted transactions with records in the range.
  func aborted(in offsets: Range<Int64>) -> [AbortedTransaction] {
    if aborted.isEmpty { return [] }
    return aborted[aborted.partitioningIndex { $0.lastOffset >= offsets.lowerBound }...].filter {
      $0.firstOffset < offsets.upperBound
    }
  }

  /// True for a record batch that its producer took back.
  func isAborted(_ header: BatchHeader) -> Bool {
    guard header.isTransactional, !header.isControl, !aborted.isEmpty else { return false }
    return aborted[aborted.partitioningIndex { $0.lastOffset >= header.baseOffset }...].contains {
      $0.producerID == header.producerID && $0.firstOffset <= header.baseOffset
    }
  }

  /// Transactions whose records have all gone need no memory.
  mutating func forget(before offset: Int64) {
    aborted.removeFirst(aborted.partitioningIndex { $0.lastOffset >= offset })
  }
}

/// The record of a control batch (Kafka's `ControlRecordType` and `EndTransactionMarker`).
enum TransactionMarker: Int16 {
  case abort = 0
  case commit = 1

  private static let version: Int16 = 0
  /// Where the type lies, after the header: length, attributes, two deltas, the key's length and version.
  private static let typePosition = BatchHeader.size + 7

  /// Reads it from a control batch, of which `bytes` hold what the CRC covers.
  init?(covered bytes: UnsafeRawBufferPointer) {
    var reader = ByteReader(bytes)
    guard reader.skip(Self.typePosition - BatchHeader.crcStart), let type = reader.integer(Int16.self) else {
      return nil
    }
    self.init(rawValue: type)
  }

  /// A control batch with base offset 0.
  func batch(producerID: Int64, epoch: Int16, now: Int64) throws -> [UInt8] {
    var key = ByteWriter(capacity: 4)
    key.append(Self.version)
    key.append(rawValue)
    var value = ByteWriter(capacity: 6)
    value.append(Self.version)
    value.append(Int32(0))  // coordinator epoch
    var out = ByteWriter()
    out.append(
      contentsOf: try BatchEncoder.encode([Record(key: key.bytes, value: value.bytes)], codec: .none, now: now))
    out.put(Int16(16 | 32), at: 21)
    out.put(producerID, at: 43)
    out.put(epoch, at: 51)
    BatchEncoder.seal(&out.bytes)
    return out.bytes
  }
}
