import CLz4
import MillBase

/// LZ4 frames.
enum Lz4 {
  static func compress(_ bytes: UnsafeRawBufferPointer) throws -> [UInt8] {
    let bound = LZ4F_compressFrameBound(bytes.count, nil)
    var result = 0
    let packed = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      result = LZ4F_compressFrame(buffer.baseAddress, bound, bytes.baseAddress, bytes.count, nil)
      count = LZ4F_isError(result) == 0 ? result : 0
    }
    guard LZ4F_isError(result) == 0 else {
      throw MillError(.system, "lz4: \(String(cString: LZ4F_getErrorName(result)))")
    }
    return packed
  }

  static func decompress(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) throws {
    var created: OpaquePointer?
    guard LZ4F_isError(LZ4F_createDecompressionContext(&created, UInt32(LZ4F_VERSION))) == 0, let context = created
    else { throw MillError(.system, "lz4 refuses to start: out of memory") }
    defer { LZ4F_freeDecompressionContext(context) }
    guard let base = bytes.baseAddress else { throw Compression.damaged(.lz4) }
    var position = 0
    try Compression.stream(.lz4, into: &output) { buffer in
      var written = 0
      var hint = 1
      while written < buffer.count, hint != 0 {
        var room = buffer.count - written
        var taken = bytes.count - position
        hint = LZ4F_decompress(context, buffer.baseAddress! + written, &room, base + position, &taken, nil)
        if LZ4F_isError(hint) != 0 { return nil }
        position += taken
        written += room
        if taken == 0, room == 0 { break }
      }
      return (written, hint != 0)
    }
  }
}
