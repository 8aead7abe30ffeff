import MillBase

/// The five codecs of record batches, over C libraries.
public enum Compression {
  /// A batch may unpack to no more than this: a few bytes must not fill the memory.
  public static let unpackedSizeMax = 128 << 20

  /// - Throws: `.corrupt` never, `.system` when a library refuses.
  public static func compress(_ bytes: UnsafeRawBufferPointer, _ codec: Codec) throws -> [UInt8] {
    switch codec {
    case .none: Array(bytes)
    case .gzip: try Gzip.compress(bytes)
    case .snappy: try Snappy.compress(bytes)
    case .lz4: try Lz4.compress(bytes)
    case .zstd: try Zstd.compress(bytes)
    }
  }

  /// Appends the unpacked bytes to `output`.
  ///
  /// - Throws: `.corrupt` for damaged data, `.limit` above ``unpackedSizeMax``.
  public static func decompress(
    _ bytes: UnsafeRawBufferPointer, _ codec: Codec, into output: inout [UInt8]
  ) throws {
    switch codec {
    case .none: output.append(contentsOf: bytes)
    case .gzip: try Gzip.decompress(bytes, into: &output)
    case .snappy: try Snappy.decompress(bytes, into: &output)
    case .lz4: try Lz4.decompress(bytes, into: &output)
    case .zstd: try Zstd.decompress(bytes, into: &output)
    }
  }

  static func damaged(_ codec: Codec) -> MillError { MillError(.corrupt, "\(codec) data is damaged") }

  static func checkSize(_ size: Int) throws {
    guard size <= unpackedSizeMax else {
      throw MillError(.limit, "a compressed batch unpacks to more than the limit of \(unpackedSizeMax) bytes")
    }
  }

  /// Unpacks in steps: `step` fills the buffer, says how much it wrote and whether more is to come.
  static func stream(
    _ codec: Codec, into output: inout [UInt8], _ step: (UnsafeMutableRawBufferPointer) -> (count: Int, more: Bool)?
  ) throws {
    let start = output.count
    var failed = false
    var more = true
    while more {
      let piece = [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
        guard let result = step(UnsafeMutableRawBufferPointer(buffer)) else {
          failed = true
          return
        }
        count = result.count
        // No progress with input left over means that the input breaks off.
        more = result.more
        failed = result.more && result.count == 0
      }
      if failed { throw damaged(codec) }
      // Before it is appended: the output doubles as it grows, and must not do so for what is refused.
      try checkSize(output.count - start + piece.count)
      output += piece
    }
  }
}
