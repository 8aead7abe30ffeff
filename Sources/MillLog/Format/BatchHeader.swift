/// The 61 bytes before the records of a batch, version 2 (Kafka's DefaultRecordBatch).
public struct BatchHeader: Sendable, Equatable {
  public static let size = 61
  /// Where what the CRC covers begins.
  public static let crcStart = 21
  /// `batchLength` counts the bytes after itself.
  static let lengthOverhead = 12
  static let magicPosition = 16

  public var baseOffset: Int64
  public var batchLength: Int32
  public var partitionLeaderEpoch: Int32
  public var magic: Int8
  public var crc: UInt32
  public var attributes: Int16
  public var lastOffsetDelta: Int32
  public var baseTimestamp: Int64
  public var maxTimestamp: Int64
  public var producerID: Int64
  public var producerEpoch: Int16
  public var baseSequence: Int32
  public var recordsCount: Int32

  /// nil when fewer than 61 bytes are there. Nothing is judged here: see ``flaw``.
  public init?(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
    guard position >= 0, bytes.count - position >= Self.size, let base = bytes.baseAddress else { return nil }
    func read<Integer: FixedWidthInteger>(_ at: Int, _: Integer.Type) -> Integer {
      Integer(bigEndian: base.loadUnaligned(fromByteOffset: position + at, as: Integer.self))
    }
    baseOffset = read(0, Int64.self)
    batchLength = read(8, Int32.self)
    partitionLeaderEpoch = read(12, Int32.self)
    magic = read(16, Int8.self)
    crc = read(17, UInt32.self)
    attributes = read(21, Int16.self)
    lastOffsetDelta = read(23, Int32.self)
    baseTimestamp = read(27, Int64.self)
    maxTimestamp = read(35, Int64.self)
    producerID = read(43, Int64.self)
    producerEpoch = read(51, Int16.self)
    baseSequence = read(53, Int32.self)
    recordsCount = read(57, Int32.self)
  }

  /// The whole batch with its header, in bytes.
  public var size: Int { Self.lengthOverhead + Int(batchLength) }
  public var lastOffset: Int64 { baseOffset &+ Int64(lastOffsetDelta) }
  /// nil for a codec number that does not exist.
  public var codec: Codec? { Codec(rawValue: UInt8(attributes & 7)) }
  /// True when the broker's clock, not the producer's, gave the time: then `maxTimestamp` is every record's.
  public var isLogAppendTime: Bool { attributes & 8 != 0 }
  public var isTransactional: Bool { attributes & 16 != 0 }
  public var isControl: Bool { attributes & 32 != 0 }
  public var hasProducer: Bool { producerID >= 0 }

  /// Why this can't be a batch, or nil.
  public var flaw: String? {
    if magic != 2 { return "magic \(magic) instead of 2" }
    if batchLength < Int32(Self.size - Self.lengthOverhead) { return "length \(batchLength)" }
    if baseOffset < 0 || lastOffsetDelta < 0 || recordsCount < 0 {
      return "offset \(baseOffset)+\(lastOffsetDelta), \(recordsCount) records"
    }
    if baseOffset > Int64.max - Int64(Int32.max) { return "offset \(baseOffset)" }
    if codec == nil { return "codec \(attributes & 7)" }
    return nil
  }
}
