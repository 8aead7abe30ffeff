import CZlib
import MillBase

/// Another format's bytes as one gzip stream.
public final class GzipFormat: EventFormat {
  private let inner: any EventFormat
  private let stream: UnsafeMutablePointer<z_stream>
  private var plain: [UInt8] = []

  public init(_ inner: any EventFormat) {
    self.inner = inner
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 16 more than the window's bits asks for gzip's header and trailer.
    let result = mill_deflate_init(stream, Z_DEFAULT_COMPRESSION, 15 + 16)
    precondition(result == Z_OK, "zlib has no memory")
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  public func start() -> [UInt8] { deflated(inner.start(), Z_NO_FLUSH) }

  public func encode(_ event: ArchiveEvent, into out: inout [UInt8]) {
    plain.removeAll(keepingCapacity: true)
    inner.encode(event, into: &plain)
    out += deflated(plain, Z_NO_FLUSH)
  }

  public func mark() -> [UInt8] { deflated(inner.mark(), Z_SYNC_FLUSH) }

  public func finish() -> [UInt8] { deflated(inner.finish(), Z_FINISH) }

  private func deflated(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
    var input = bytes
    var out: [UInt8] = []
    input.withUnsafeMutableBufferPointer { input in
      stream.pointee.next_in = input.baseAddress
      stream.pointee.avail_in = UInt32(input.count)
      withUnsafeTemporaryAllocation(byteCount: 32 << 10, alignment: 1) { chunk in
        repeat {
          stream.pointee.next_out = chunk.baseAddress!.assumingMemoryBound(to: UInt8.self)
          stream.pointee.avail_out = UInt32(chunk.count)
          let result = deflate(stream, flush)
          precondition(result != Z_STREAM_ERROR, "the deflate stream is broken")
          out += chunk.prefix(chunk.count - Int(stream.pointee.avail_out))
        } while stream.pointee.avail_out == 0
      }
    }
    return out
  }
}
