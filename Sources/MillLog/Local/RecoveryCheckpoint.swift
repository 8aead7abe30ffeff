import MillBase

/// Where the look through a segment that is still appended to may begin: everything before was sound and on the disk
/// when this was written down.
///
/// On disk `<base>.checkpoint`, which is replaced as a whole, and `<base>.checkpoint-index`, to which the index's new
/// entries are added before. Kafka writes down no more than the offset, and reads the segment from its start.
struct RecoveryCheckpoint {
  static let suffix = "checkpoint"
  static let indexSuffix = "checkpoint-index"
  private static let version: Int16 = 0
  private static let headerSize = 6

  /// Of the record that came next.
  var offset: Int64
  /// Where it came in the segment's file.
  var position: Int64
  /// Where the batch before it begins, and its CRC: by these another's segment is told.
  var lastBatch: Int64
  var lastCRC: UInt32
  /// Bytes of the index file that count.
  var indexSize: Int64
  var mark: SparseIndex.Mark
  var producers: ProducerTable
  var transactions: TransactionIndex

  static func path(_ directory: String, _ base: Int64) -> String { Segment.path(directory, base, suffix) }
  static func indexPath(_ directory: String, _ base: Int64) -> String { Segment.path(directory, base, indexSuffix) }

  static func remove(_ directory: String, _ base: Int64) throws {
    for path in [path(directory, base), indexPath(directory, base)] where Files.exists(path) { try Files.remove(path) }
  }

  // MARK: Writing

  /// On the disk when it returns. What it covers has to be there before.
  ///
  /// - Parameter piece: of the index, for the last bytes of ``indexSize``.
  func write(_ directory: String, _ base: Int64, piece: [UInt8]) throws {
    let isNew = indexSize == piece.count
    let file = try File(Self.indexPath(directory, base), isNew ? .truncate : .readWrite)
    try file.write(piece, at: indexSize - Int64(piece.count))
    try file.sync()
    if isNew { try Files.syncDirectory(directory) }
    try Files.writeAtomically(encoded, to: Self.path(directory, base))
  }

  private var encoded: [UInt8] {
    var body = ByteWriter(capacity: 256)
    body.append(offset)
    body.append(position)
    body.append(lastBatch)
    body.append(lastCRC)
    body.append(indexSize)
    mark.write(to: &body)
    producers.append(to: &body)
    transactions.append(to: &body)
    var file = ByteWriter(capacity: Self.headerSize + body.bytes.count)
    file.append(Self.version)
    file.append(body.bytes.withUnsafeBytes { CRC32C.checksum($0) })
    file.append(contentsOf: body.bytes)
    return file.bytes
  }

  // MARK: Reading

  /// The checkpoint of a segment with its index up to there; nil when there is none that fits the segment.
  static func read(of segment: Segment, _ directory: String) throws -> (RecoveryCheckpoint, SparseIndex)? {
    let path = path(directory, segment.baseOffset)
    guard Files.exists(path) else { return nil }
    guard let checkpoint = try Files.read(path).withUnsafeBytes(parse) else {
      Log.warning("log", "\(path) is damaged: the whole segment is looked through")
      return nil
    }
    guard try checkpoint.fits(segment) else {
      Log.warning(
        "log",
        "\(path): no batch ends at byte \(checkpoint.position), offset \(checkpoint.offset): the whole segment is"
          + " looked through")
      return nil
    }
    let indexPath = indexPath(directory, segment.baseOffset)
    let pieces =
      Files.exists(indexPath) ? try File(indexPath, .read).read(count: Int(checkpoint.indexSize), at: 0) : []
    guard let index = SparseIndex(pieces: pieces, upTo: checkpoint.mark, segmentSize: checkpoint.position) else {
      Log.warning("log", "\(indexPath) is damaged: the whole segment is looked through")
      return nil
    }
    return (checkpoint, index)
  }

  private func fits(_ segment: Segment) throws -> Bool {
    guard position <= segment.size, let header = try segment.header(at: lastBatch) else { return false }
    return header.flaw == nil && lastBatch + Int64(header.size) == position && header.lastOffset + 1 == offset
      && header.crc == lastCRC
  }

  static func parse(_ raw: UnsafeRawBufferPointer) -> RecoveryCheckpoint? {
    var reader = ByteReader(raw)
    guard reader.integer(Int16.self) == version, let crc = reader.integer(UInt32.self),
      crc == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[headerSize...])),
      let offset = reader.integer(Int64.self), let position = reader.integer(Int64.self),
      let lastBatch = reader.integer(Int64.self), let lastCRC = reader.integer(UInt32.self),
      let indexSize = reader.integer(Int64.self), let mark = SparseIndex.Mark(&reader),
      let producers = ProducerTable(&reader), let transactions = TransactionIndex(&reader)
    else { return nil }
    return RecoveryCheckpoint(
      offset: offset, position: position, lastBatch: lastBatch, lastCRC: lastCRC, indexSize: indexSize, mark: mark,
      producers: producers, transactions: transactions)
  }
}

extension ProducerTable {
  /// With all batches that are remembered, unlike Kafka's snapshot: several may be sent once more after a kill.
  fileprivate func append(to out: inout ByteWriter) {
    out.append(Int32(entries.count))
    for (id, entry) in entries {
      out.append(id)
      out.append(entry.epoch)
      out.append(entry.lastTimestamp)
      out.append(UInt8(entry.batches.count))
      for batch in entry.batches {
        out.append(batch.firstSequence)
        out.append(batch.lastSequence)
        out.append(batch.baseOffset)
      }
    }
  }

  fileprivate init?(_ reader: inout ByteReader) {
    guard let count = reader.integer(Int32.self) else { return nil }
    var read: [Int64: Entry] = [:]
    for _ in 0..<max(0, count) {
      guard let id = reader.integer(Int64.self), let epoch = reader.integer(Int16.self),
        let timestamp = reader.integer(Int64.self), let batches = reader.integer(UInt8.self)
      else { return nil }
      var entry = Entry(epoch: epoch, batches: [], lastTimestamp: timestamp)
      for _ in 0..<batches {
        guard let first = reader.integer(Int32.self), let last = reader.integer(Int32.self),
          let base = reader.integer(Int64.self)
        else { return nil }
        entry.batches.append(Batch(firstSequence: first, lastSequence: last, baseOffset: base))
      }
      read[id] = entry
    }
    self.init(read)
  }
}
