import Glibc
import MillBase

/// A batch as it stands in a segment's file, sound or not.
public struct InspectedBatch: Sendable {
  public var header: BatchHeader
  /// Where it begins in the file.
  public var position: Int64
  /// The whole batch with its header.
  public var bytes: [UInt8]
  /// Why it can't be read; nil = sound.
  public var flaw: String?
}

/// Bytes of a segment that are no sound batch.
public struct DamagedRange: Sendable, Equatable {
  public var file: String
  public var start: Int64
  /// Where the next sound batch begins, or the file ends.
  public var end: Int64
  /// The offset that was due here.
  public var offset: Int64
  public var reason: String
}

/// Goes through a segment's file from batch to batch, read-only; a running log may append to it meanwhile.
struct SegmentWalk {
  private let segment: Segment
  private(set) var nextOffset: Int64
  private(set) var size: Int64 = 0
  private(set) var batches = 0
  private(set) var records: Int64 = 0
  private(set) var damages: [DamagedRange] = []

  /// What looks like damage at the end may be a batch that is being written right now: looked at again so often.
  private static let looksAtTail = 5

  /// - Parameter next: the base offset of the segment after this one, where there is one.
  init(_ directory: String, baseOffset: Int64, next: Int64? = nil) throws {
    segment = try Segment(open: directory, baseOffset: baseOffset, nextOffset: next ?? baseOffset, .read)
    nextOffset = baseOffset
  }

  /// Hands over every batch, the unsound ones that have a whole header and body too.
  mutating func run(_ visit: (InspectedBatch) throws -> Void) throws {
    size = segment.size
    var position: Int64 = 0
    var looks = 0
    while position < size {
      let batch = try batch(at: position)
      if let batch, batch.flaw == nil {
        try visit(batch)
        position += Int64(batch.header.size)
        nextOffset = batch.header.lastOffset + 1
        batches += 1
        records += Int64(batch.header.recordsCount)
        continue
      }
      let end = try segment.search(after: position, limit: size, expected: nextOffset)
      if end == size, looks < Self.looksAtTail {
        looks += 1
        usleep(20_000)
        size = try segment.file.size()
        continue
      }
      if let batch { try visit(batch) }
      damages.append(
        DamagedRange(
          file: segment.path, start: position, end: end, offset: nextOffset,
          reason: batch?.flaw ?? "\(size - position) bytes are no batch"))
      position = end
    }
  }

  /// nil when not even a header with a body can be told.
  private func batch(at position: Int64) throws -> InspectedBatch? {
    let head = try segment.file.read(count: BatchHeader.size, at: position)
    guard let header = head.withUnsafeBytes({ BatchHeader($0) }) else { return nil }
    let available = size - position
    var batch = InspectedBatch(header: header, position: position, bytes: head)
    batch.flaw = try segment.flaw(of: header, at: position, limit: size, expected: nextOffset)
    guard header.flaw == nil, Int64(header.size) <= available else { return batch }
    batch.bytes = try segment.file.read(count: header.size, at: position)
    if batch.bytes.count < header.size { batch.flaw = "a batch of \(header.size) bytes breaks off" }
    if batch.flaw == nil { batch.flaw = Self.flaw(of: batch) }
    return batch
  }

  private static func flaw(of batch: InspectedBatch) -> String? {
    let crc = batch.bytes.withUnsafeBytes {
      CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[BatchHeader.crcStart...]))
    }
    guard crc == batch.header.crc else { return "wrong CRC" }
    // Control records say what they are in their keys; a key is no reason to unpack them here.
    do { _ = try batch.records() } catch { return "\((error as? MillError)?.message ?? "\(error)")" }
    return nil
  }
}

extension InspectedBatch {
  /// The batch's records, control records too.
  ///
  /// - Throws: `.corrupt`, `.limit`.
  public func records() throws -> RecordBatch {
    guard let codec = header.codec else { throw MillError(.corrupt, "codec \(header.attributes & 7)") }
    var body: [UInt8] = []
    try bytes.withUnsafeBytes {
      try Compression.decompress(UnsafeRawBufferPointer(rebasing: $0[BatchHeader.size...]), codec, into: &body)
    }
    var slots: [RecordBatch.Slot] = []
    try body.withUnsafeBytes {
      try BatchDecoder.index($0, from: 0, to: $0.count, header: header, offset: .min, into: &slots)
    }
    return RecordBatch(
      topicPartition: TopicPartition("", 0), bytes: body, slots: slots, nextOffset: header.lastOffset + 1)
  }
}
