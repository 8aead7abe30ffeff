import CZstd
import MillBase

enum Zstd {
  static func compress(_ bytes: UnsafeRawBufferPointer) throws -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    var result = 0
    let packed = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      // Level 3 is zstd's and Kafka's default.
      result = ZSTD_compress(buffer.baseAddress, bound, bytes.baseAddress, bytes.count, 3)
      count = ZSTD_isError(result) == 0 ? result : 0
    }
    guard ZSTD_isError(result) == 0 else {
      throw MillError(.system, "zstd: \(String(cString: ZSTD_getErrorName(result)))")
    }
    return packed
  }

  static func decompress(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws {
    guard let context = ZSTD_createDCtx() else { throw MillError(.system, "zstd refuses to start: out of memory") }
    defer { ZSTD_freeDCtx(context) }
    var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    try Compression.stream(.zstd, into: &output) { buffer in
      var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
      let hint = ZSTD_decompressStream(context, &target, &input)
      if ZSTD_isError(hint) != 0 { return nil }
      // 0 = a frame is complete; another may follow.
      return (target.pos, hint != 0 || input.pos < input.size)
    }
  }
}
