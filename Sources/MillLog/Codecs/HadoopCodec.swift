import CLz4
import CSnappy
import CZstd
import MillBase

/// Packed files as Hadoop's codecs write them, piece by piece.
///
/// `.snappy` and `.lz4` are Hadoop's own blocks (BlockCompressorStream): the block's size, then chunks of packed bytes,
/// each with its size before it, until the block is whole; sizes are 4 bytes, the highest first. They are not what the
/// tools of these names write. `.zst` is zstd's own format.
public enum HadoopCodec: String, Sendable, CaseIterable {
  case snappy, lz4
  case zstd = "zst"

  /// Bytes of a block, packed or not, at most: Hadoop's own are 256 KiB.
  public static let blockBytesMax = 64 << 20
  /// Bytes of a block that is written: packed it fits the 256 KiB of Hadoop's buffers, whatever is in it.
  private static let blockBytes = 192 << 10

  /// Unpacks a file.
  ///
  /// - Parameters:
  ///   - read: gives the next packed bytes; none at the end.
  ///   - write: gets unpacked bytes.
  /// - Throws: `.badInput` for damaged bytes, `.limit`; what the two throw.
  public func unpack(from read: () throws -> [UInt8], to write: (UnsafeRawBufferPointer) throws -> Void) throws {
    self == .zstd ? try unpackFrames(read, write) : try unpackBlocks(read, write)
  }

  private func damaged(_ what: String) -> MillError {
    MillError(.badInput, "\(what): the data is not Hadoop's \(self), or is damaged")
  }

  private func unpackFrames(_ read: () throws -> [UInt8], _ write: (UnsafeRawBufferPointer) throws -> Void) throws {
    guard let context = ZSTD_createDCtx() else { throw MillError(.system, "zstd refuses to start: out of memory") }
    defer { ZSTD_freeDCtx(context) }
    // 0 = a frame is complete.
    var hint = 0
    while true {
      let packed = try read()
      if packed.isEmpty {
        guard hint == 0 else { throw damaged("the file is cut") }
        return
      }
      try packed.withUnsafeBytes { packed in
        var input = ZSTD_inBuffer(src: packed.baseAddress, size: packed.count, pos: 0)
        try withUnsafeTemporaryAllocation(byteCount: 128 << 10, alignment: 16) { room in
          var isFull = false
          while input.pos < input.size || isFull {
            var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
            hint = ZSTD_decompressStream(context, &output, &input)
            if ZSTD_isError(hint) != 0 { throw damaged(String(cString: ZSTD_getErrorName(hint))) }
            isFull = output.pos == output.size
            try write(UnsafeRawBufferPointer(rebasing: room[..<output.pos]))
          }
        }
      }
    }
  }

  private func unpackBlocks(_ read: () throws -> [UInt8], _ write: (UnsafeRawBufferPointer) throws -> Void) throws {
    var packed: [UInt8] = []
    var at = 0
    /// Where the next bytes are; nil at the end of the file.
    func take(_ count: Int) throws -> Range<Int>? {
      while packed.count - at < count {
        let more = try read()
        if more.isEmpty {
          guard packed.count == at else { throw damaged("the file is cut") }
          return nil
        }
        packed.removeFirst(at)
        at = 0
        packed += more
      }
      at += count
      return (at - count)..<at
    }
    func size() throws -> Int? {
      guard let place = try take(4) else { return nil }
      let size = packed[place].reduce(0) { $0 << 8 | Int($1) }
      guard size <= Self.blockBytesMax else { throw damaged("a block of \(size) bytes") }
      return size
    }
    while let blockSize = try size() {
      var left = blockSize
      while left > 0 {
        guard let chunkSize = try size(), let place = try take(chunkSize) else { throw damaged("the file is cut") }
        let bytes = try packed[place].withUnsafeBytes { try unpackChunk($0, atMost: left) }
        guard !bytes.isEmpty else { throw damaged("an empty chunk") }
        left -= bytes.count
        try bytes.withUnsafeBytes { try write($0) }
      }
    }
  }

  private func unpackChunk(_ bytes: UnsafeRawBufferPointer, atMost most: Int) throws -> [UInt8] {
    let source = bytes.bindMemory(to: CChar.self).baseAddress
    var written: Int?
    let unpacked = [UInt8](unsafeUninitializedCapacity: most) { room, count in
      room.withMemoryRebound(to: CChar.self) { room in
        if self == .lz4 {
          let result = LZ4_decompress_safe(source, room.baseAddress, Int32(bytes.count), Int32(most))
          written = result < 0 ? nil : Int(result)
        } else {
          var size = most
          written = snappy_uncompress(source, bytes.count, room.baseAddress, &size) == SNAPPY_OK ? size : nil
        }
      }
      count = written ?? 0
    }
    if written == nil { throw damaged("a chunk of \(bytes.count) bytes") }
    return unpacked
  }

  /// Packs bytes into blocks, which may follow those of another call.
  ///
  /// - Precondition: not for zstd.
  public func pack(_ bytes: [UInt8]) -> [UInt8] {
    precondition(self != .zstd, "zstd files are only read")
    var packed: [UInt8] = []
    func append(size: Int) { for shift in [24, 16, 8, 0] { packed.append(UInt8(truncatingIfNeeded: size >> shift)) } }
    bytes.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: bytes.count, by: Self.blockBytes) {
        let block = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.blockBytes, bytes.count)])
        let chunk = packChunk(block)
        append(size: block.count)
        append(size: chunk.count)
        packed += chunk
      }
    }
    return packed
  }

  private func packChunk(_ block: UnsafeRawBufferPointer) -> [UInt8] {
    let source = block.bindMemory(to: CChar.self).baseAddress
    let most = self == .lz4 ? Int(LZ4_compressBound(Int32(block.count))) : snappy_max_compressed_length(block.count)
    return [UInt8](unsafeUninitializedCapacity: most) { room, count in
      room.withMemoryRebound(to: CChar.self) { room in
        if self == .lz4 {
          count = Int(LZ4_compress_default(source, room.baseAddress, Int32(block.count), Int32(most)))
          precondition(count > 0, "LZ4_compressBound promises that it fits")
        } else {
          var size = most
          let status = snappy_compress(source, block.count, room.baseAddress, &size)
          precondition(status == SNAPPY_OK, "snappy_max_compressed_length promises that it fits")
          count = size
        }
      }
    }
  }
}
