/// Appends big-endian integers and Kafka's varints to a growing buffer.
public struct ByteWriter: Sendable {
  public var bytes: [UInt8]

  public init(capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  public mutating func append<Integer: FixedWidthInteger>(_ value: Integer) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  public mutating func append(_ value: UInt8) { bytes.append(value) }

  public mutating func append(contentsOf other: some Sequence<UInt8>) { bytes.append(contentsOf: other) }

  /// Seven bits a byte, lowest first, top bit = more follow.
  public mutating func appendUnsignedVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Zig-zag: small numbers of either sign stay short.
  public mutating func appendVarint(_ value: Int64) {
    appendUnsignedVarint(UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  /// Overwrites eight or fewer bytes that were left free before.
  public mutating func put<Integer: FixedWidthInteger>(_ value: Integer, at index: Int) {
    withUnsafeBytes(of: value.bigEndian) { raw in
      for (step, byte) in raw.enumerated() { bytes[index + step] = byte }
    }
  }
}

/// How many bytes ``ByteWriter/appendVarint(_:)`` takes.
func varintSize(_ value: Int64) -> Int {
  let zigzag = UInt64(bitPattern: value << 1 ^ value >> 63)
  return max(1, (64 - zigzag.leadingZeroBitCount + 6) / 7)
}
