import CZlib

/// The gzip format (RFC 1952), whole buffers at a time.
public enum Gzip {
  /// What stands around the packed bytes, in zlib's words.
  public enum Wrapping: Int32, Sendable {
    /// 15 = the largest window; zlib's own header (RFC 1950), as in Hadoop's `.deflate`.
    case zlib = 15
    /// + 16 = gzip's header and checksum.
    case gzip = 31
  }

  /// Packs the bytes.
  ///
  /// - Parameters:
  ///   - level: zlib's, 1 (fast) … 9 (small). The default is near the fast end: on JSON and line protocol the higher levels
  ///     save little and cost much.
  ///   - wrapping: the format.
  public static func compress(_ bytes: [UInt8], level: Int32 = 3, as wrapping: Wrapping = .gzip) -> [UInt8] {
    var stream = z_stream()
    let started = mill_deflate_init(&stream, level, wrapping.rawValue)
    precondition(started == Z_OK, "zlib takes every level from 1 to 9 and needs 256 KiB: \(started)")
    defer { deflateEnd(&stream) }
    var input = Input(bytes.count)
    return bytes.withUnsafeBufferPointer { source in
      [UInt8](unsafeUninitializedCapacity: Int(deflateBound(&stream, UInt(bytes.count)))) { out, count in
        // zlib counts in 32 bits: more than 4 GiB goes through in portions.
        while true {
          let isLast = input.feed(&stream, source)
          stream.next_out = out.baseAddress! + count
          stream.avail_out = UInt32(clamping: out.count - count)
          let room = stream.avail_out
          let result = deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
          count += Int(room - stream.avail_out)
          if result == Z_STREAM_END { return }
          precondition(result == Z_OK, "the output has deflateBound's size, so deflate can go on: \(result)")
        }
      }
    }
  }

  /// Unpacks one or more gzip members, one after the other.
  ///
  /// - Parameter limit: bytes of the unpacked data.
  /// - Throws: `MillError.limit` above the limit (a small packed body can be a very large one), `.badInput` when the
  ///   bytes are not gzip, are cut or don't fit their checksum.
  public static func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
    var stream = z_stream()
    guard mill_inflate_init(&stream, 15 + 16) == Z_OK else { throw MillError(.system, "zlib can't start") }
    defer { inflateEnd(&stream) }
    var input = Input(bytes.count)
    var out: [UInt8] = []
    out.reserveCapacity(min(limit, bytes.count * 4))
    return try bytes.withUnsafeBufferPointer { source in
      try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64 << 10) { chunk in
        while true {
          let isLast = input.feed(&stream, source)
          stream.next_out = chunk.baseAddress!
          stream.avail_out = UInt32(chunk.count)
          let result = inflate(&stream, Z_NO_FLUSH)
          let count = chunk.count - Int(stream.avail_out)
          guard out.count + count <= limit else {
            throw MillError(.limit, "unpacked, the data is above the limit of \(limit) bytes")
          }
          out += chunk[..<count]
          switch result {
          case Z_STREAM_END:
            if isLast, stream.avail_in == 0 { return out }
            inflateReset(&stream)
          case Z_OK: continue
          case Z_BUF_ERROR: throw MillError(.badInput, "the gzip data is cut")
          default: throw MillError(.badInput, "the data is not gzip, or is damaged")
          }
        }
      }
    }
  }

  /// Unpacks one or more gzip members, one after the other, piece by piece.
  ///
  /// - Parameters:
  ///   - wrapping: the format.
  ///   - read: gives the next packed bytes, at most 4 GiB; none at the end.
  ///   - write: gets unpacked bytes.
  /// - Throws: `.badInput` when the bytes are not of the format, are cut or don't fit their checksum; what the two throw.
  public static func decompress(
    _ wrapping: Wrapping = .gzip, from read: () throws -> [UInt8], to write: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var stream = z_stream()
    guard mill_inflate_init(&stream, wrapping.rawValue) == Z_OK else { throw MillError(.system, "zlib can't start") }
    defer { inflateEnd(&stream) }
    var isInMember = false
    while true {
      var packed = try read()
      if packed.isEmpty {
        if isInMember { throw MillError(.badInput, "the \(wrapping) data is cut") }
        return
      }
      try packed.withUnsafeMutableBufferPointer { source in
        try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64 << 10) { chunk in
          stream.next_in = source.baseAddress
          stream.avail_in = UInt32(source.count)
          repeat {
            stream.next_out = chunk.baseAddress!
            stream.avail_out = UInt32(chunk.count)
            let result = inflate(&stream, Z_NO_FLUSH)
            try write(
              UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(chunk)[..<(chunk.count - Int(stream.avail_out))]))
            switch result {
            case Z_STREAM_END:
              isInMember = false
              inflateReset(&stream)
            case Z_OK: isInMember = true
            // All that there was is taken.
            case Z_BUF_ERROR: break
            default: throw MillError(.badInput, "the data is not \(wrapping), or is damaged")
            }
          } while stream.avail_in > 0 || stream.avail_out == 0
        }
      }
    }
  }

  /// Hands a buffer to zlib in portions that its 32-bit counters can hold.
  private struct Input {
    private var position = 0
    private let count: Int
    init(_ count: Int) { self.count = count }

    /// Gives zlib the next portion when it has used up the last one; true when there is no further one.
    mutating func feed(_ stream: inout z_stream, _ source: UnsafeBufferPointer<UInt8>) -> Bool {
      if stream.avail_in == 0, position < count {
        let portion = min(count - position, 1 << 30)
        // zlib only reads through this pointer; its type lacks the const.
        stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress! + position)
        stream.avail_in = UInt32(portion)
        position += portion
      }
      return position == count
    }
  }
}
