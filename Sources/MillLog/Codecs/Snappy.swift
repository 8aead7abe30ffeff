import CSnappy
import MillBase

/// Snappy in both framings: raw (librdkafka writes it) and snappy-java's blocks (Java, Python clients write them).
enum Snappy {
  private static let javaMagic: [UInt8] = [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0x00]
  /// Magic, version, lowest compatible version.
  private static let javaHeaderSize = 16
  /// snappy-java's default; every reader takes any size.
  private static let javaBlockSize = 32 << 10

  /// Writes snappy-java's blocks, as Kafka's own producer does: all clients read them.
  static func compress(_ bytes: UnsafeRawBufferPointer) throws -> [UInt8] {
    var out = ByteWriter(capacity: bytes.count / 2)
    out.append(contentsOf: javaMagic)
    out.append(Int32(1))
    out.append(Int32(1))
    for start in stride(from: 0, to: bytes.count, by: javaBlockSize) {
      let block = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + javaBlockSize, bytes.count)])
      let packed = [UInt8](unsafeUninitializedCapacity: snappy_max_compressed_length(block.count)) { buffer, count in
        var size = buffer.count
        let status = buffer.withMemoryRebound(to: CChar.self) { target in
          snappy_compress(block.bindMemory(to: CChar.self).baseAddress, block.count, target.baseAddress, &size)
        }
        precondition(status == SNAPPY_OK, "snappy_max_compressed_length promises that it fits")
        count = size
      }
      out.append(Int32(packed.count))
      out.append(contentsOf: packed)
    }
    return out.bytes
  }

  static func decompress(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws {
    guard bytes.starts(with: javaMagic) else { return try raw(bytes, into: &output, limitFrom: output.count) }
    let start = output.count
    var reader = ByteReader(bytes)
    guard reader.skip(javaHeaderSize) else { throw Compression.damaged(.snappy) }
    while reader.remaining > 0 {
      guard let length = reader.integer(Int32.self) else { throw Compression.damaged(.snappy) }
      let blockStart = reader.position
      guard reader.skip(Int(length)) else { throw Compression.damaged(.snappy) }
      let block = UnsafeRawBufferPointer(rebasing: bytes[blockStart..<reader.position])
      try raw(block, into: &output, limitFrom: start)
    }
  }

  private static func raw(
    _ bytes: UnsafeRawBufferPointer, into output: inout [UInt8], limitFrom start: Int
  ) throws {
    let source = bytes.bindMemory(to: CChar.self).baseAddress
    var size = 0
    guard snappy_uncompressed_length(source, bytes.count, &size) == SNAPPY_OK else {
      throw Compression.damaged(.snappy)
    }
    try Compression.checkSize(output.count - start + size)
    var status = SNAPPY_OK
    output += [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      var written = size
      status = buffer.withMemoryRebound(to: CChar.self) { target in
        snappy_uncompress(source, bytes.count, target.baseAddress, &written)
      }
      count = status == SNAPPY_OK ? written : 0
    }
    guard status == SNAPPY_OK else { throw Compression.damaged(.snappy) }
  }
}
