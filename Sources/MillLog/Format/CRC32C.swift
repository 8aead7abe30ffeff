import CCRC32C

/// CRC-32C (Castagnoli), as record batches carry it: the processor's instruction where it has one, else slicing by 8
/// with tables made once.
public enum CRC32C {
  private static let isInHardware = crc32c_is_in_hardware() != 0

  // Immutable after the one-time fill, never freed: reading it from any thread is safe.
  nonisolated(unsafe) private static let tables: UnsafePointer<UInt32> = {
    let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      table[byte] = crc
    }
    for index in 256..<2048 {
      let previous = table[index - 256]
      table[index] = previous >> 8 ^ table[Int(previous & 0xFF)]
    }
    return UnsafePointer(table)
  }()

  public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    isInHardware ? ~crc32c_extend(.max, bytes.baseAddress, bytes.count) : bySlicing(bytes)
  }

  static func bySlicing(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard let start = bytes.baseAddress else { return 0 }
    let table = tables
    var crc = UInt32.max
    var cursor = start
    let end = start + bytes.count
    while end - cursor >= 8 {
      let word = UInt64(littleEndian: cursor.loadUnaligned(as: UInt64.self)) ^ UInt64(crc)
      let low =
        table[1792 + Int(word & 0xFF)] ^ table[1536 + Int(word >> 8 & 0xFF)]
        ^ table[1280 + Int(word >> 16 & 0xFF)] ^ table[1024 + Int(word >> 24 & 0xFF)]
      let high =
        table[768 + Int(word >> 32 & 0xFF)] ^ table[512 + Int(word >> 40 & 0xFF)]
        ^ table[256 + Int(word >> 48 & 0xFF)] ^ table[Int(word >> 56)]
      crc = low ^ high
      cursor += 8
    }
    while cursor < end {
      crc = crc >> 8 ^ table[Int((crc ^ UInt32(cursor.load(as: UInt8.self))) & 0xFF)]
      cursor += 1
    }
    return ~crc
  }
}
