import MillBase

/// Producers' state on disk, as Kafka's `.snapshot` files: written when a segment begins and when the log closes.
///
/// A producer has an entry for each batch that is remembered, the newest one last: that is the one that a Kafka takes.
extension ProducerTable {
  private static let version: Int16 = 1
  private static let headerSize = 6

  func write(besideSegmentAt baseOffset: Int64, _ directory: String) throws {
    if entries.isEmpty { return }
    let count = entries.values.reduce(0) { $0 + $1.batches.count }
    var body = ByteWriter(capacity: 4 + count * 46)
    body.append(Int32(count))
    for (id, entry) in entries.sorted(by: { $0.key < $1.key }) {
      for batch in entry.batches {
        let delta = batch.lastSequence &- batch.firstSequence
        body.append(id)
        body.append(entry.epoch)
        body.append(batch.lastSequence)
        body.append(batch.baseOffset + Int64(delta))
        body.append(delta)
        body.append(entry.lastTimestamp)
        body.append(Int32(-1))  // coordinator epoch
        body.append(Int64(-1))  // no open transaction
      }
    }
    var file = ByteWriter(capacity: Self.headerSize + body.bytes.count)
    file.append(Self.version)
    file.append(body.bytes.withUnsafeBytes { CRC32C.checksum($0) })
    file.append(contentsOf: body.bytes)
    try Files.writeAtomically(file.bytes, to: Segment.path(directory, baseOffset, "snapshot"))
  }

  /// Empty when there is none; nil when it is damaged, which is said.
  static func read(ofSegment segment: Segment, _ directory: String) throws -> ProducerTable? {
    let path = Segment.path(directory, segment.baseOffset, "snapshot")
    guard Files.exists(path) else { return ProducerTable() }
    let table = try Files.read(path).withUnsafeBytes(parse)
    if table == nil { Log.warning("log", "\(path) is damaged: the segment before is looked through for producers") }
    return table
  }

  static func parse(_ raw: UnsafeRawBufferPointer) -> ProducerTable? {
    var reader = ByteReader(raw)
    guard reader.integer(Int16.self) == version, let crc = reader.integer(UInt32.self),
      crc == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[headerSize...])),
      let count = reader.integer(Int32.self)
    else { return nil }
    var entries: [Int64: Entry] = [:]
    for _ in 0..<max(0, count) {
      guard let id = reader.integer(Int64.self), let epoch = reader.integer(Int16.self),
        let lastSequence = reader.integer(Int32.self), let lastOffset = reader.integer(Int64.self),
        let delta = reader.integer(Int32.self), let timestamp = reader.integer(Int64.self), reader.skip(12)
      else { return nil }
      let batch = Batch(
        firstSequence: lastSequence &- delta, lastSequence: lastSequence, baseOffset: lastOffset - Int64(delta))
      entries[id, default: Entry(epoch: epoch, batches: [], lastTimestamp: timestamp)].batches.append(batch)
    }
    return ProducerTable(entries)
  }
}
