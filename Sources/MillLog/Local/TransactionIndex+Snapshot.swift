import MillBase

/// The index on disk: as it was when a segment began, and as it was when the log closed.
///
/// A log that was not closed goes on from the former, by walking the last segment; the latter would know of
/// transactions that the walk meets again.
extension TransactionIndex {
  enum Moment: String {
    case begin = "transactions"
    case closed = "transactions-closed"
  }
  private static let version: Int16 = 0
  private static let headerSize = 6

  func write(_ moment: Moment, ofSegmentAt baseOffset: Int64, _ directory: String) throws {
    let path = Segment.path(directory, baseOffset, moment.rawValue)
    if isEmpty {
      if Files.exists(path) { try Files.remove(path) }
      return
    }
    var body = ByteWriter(capacity: 8 + open.count * 16 + aborted.count * 24)
    append(to: &body)
    var file = ByteWriter(capacity: Self.headerSize + body.bytes.count)
    file.append(Self.version)
    file.append(body.bytes.withUnsafeBytes { CRC32C.checksum($0) })
    file.append(contentsOf: body.bytes)
    try Files.writeAtomically(file.bytes, to: path)
  }

  func append(to body: inout ByteWriter) {
    body.append(Int32(open.count))
    for (producer, offset) in open.sorted(by: { $0.key < $1.key }) {
      body.append(producer)
      body.append(offset)
    }
    body.append(Int32(aborted.count))
    for transaction in aborted {
      body.append(transaction.producerID)
      body.append(transaction.firstOffset)
      body.append(transaction.lastOffset)
    }
  }

  /// Empty when there is none; nil when it is damaged, which is said.
  static func read(_ moment: Moment, ofSegment segment: Segment, _ directory: String) throws -> TransactionIndex? {
    let path = Segment.path(directory, segment.baseOffset, moment.rawValue)
    guard Files.exists(path) else { return TransactionIndex() }
    if let index = try Files.read(path).withUnsafeBytes(parse) { return index }
    Log.warning("log", "\(path) is damaged: segments are looked through for transactions")
    return nil
  }

  static func parse(_ raw: UnsafeRawBufferPointer) -> TransactionIndex? {
    var reader = ByteReader(raw)
    guard reader.integer(Int16.self) == version, let crc = reader.integer(UInt32.self),
      crc == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: raw[headerSize...]))
    else { return nil }
    return TransactionIndex(&reader)
  }

  init?(_ reader: inout ByteReader) {
    guard let openCount = reader.integer(Int32.self) else { return nil }
    var open: [Int64: Int64] = [:]
    for _ in 0..<max(0, openCount) {
      guard let producer = reader.integer(Int64.self), let offset = reader.integer(Int64.self) else { return nil }
      open[producer] = offset
    }
    guard let abortedCount = reader.integer(Int32.self) else { return nil }
    var aborted: [AbortedTransaction] = []
    for _ in 0..<max(0, abortedCount) {
      guard let producer = reader.integer(Int64.self), let first = reader.integer(Int64.self),
        let last = reader.integer(Int64.self)
      else { return nil }
      aborted.append(AbortedTransaction(producerID: producer, firstOffset: first, lastOffset: last))
    }
    self.init(open: open, aborted: aborted)
  }
}
