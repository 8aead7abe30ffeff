import CZlib
import MillBase

enum Gzip {
  /// 15 bits of window, +16: with gzip's header and checksum.
  private static let gzipWindow: Int32 = 15 + 16

  static func compress(_ bytes: UnsafeRawBufferPointer) throws -> [UInt8] {
    var stream = z_stream()
    guard mill_deflate_init(&stream, Z_DEFAULT_COMPRESSION, gzipWindow) == Z_OK else {
      throw MillError(.system, "zlib refuses to start: out of memory")
    }
    defer { deflateEnd(&stream) }
    let bound = Int(deflateBound(&stream, UInt(bytes.count)))
    return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
      stream.avail_in = UInt32(bytes.count)
      stream.next_out = buffer.baseAddress
      stream.avail_out = UInt32(bound)
      let result = deflate(&stream, Z_FINISH)
      precondition(result == Z_STREAM_END, "deflateBound promises that it fits")
      count = bound - Int(stream.avail_out)
    }
  }

  static func decompress(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws {
    var stream = z_stream()
    guard mill_inflate_init(&stream, gzipWindow) == Z_OK else {
      throw MillError(.system, "zlib refuses to start: out of memory")
    }
    defer { inflateEnd(&stream) }
    stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = UInt32(bytes.count)
    try Compression.stream(.gzip, into: &output) { buffer in
      stream.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
      stream.avail_out = UInt32(buffer.count)
      let result = inflate(&stream, Z_NO_FLUSH)
      guard result == Z_OK || result == Z_STREAM_END else { return nil }
      return (buffer.count - Int(stream.avail_out), result != Z_STREAM_END)
    }
  }
}
