/// Sixteen bytes of text, looked at together.
///
/// Written so that each comparison becomes one instruction of any x86-64 or arm64 processor: comparing with a scalar
/// (`.== 0x22`), or `replacing(with:where:)`, would become a loop over the bytes.
@frozen public struct TextBlock {
  @usableFromInline let bytes: SIMD16<UInt8>

  /// Bytes of a block.
  @inlinable public static var count: Int { 16 }

  /// Loads sixteen bytes; all of them must be readable.
  @inlinable @inline(__always) public init(_ start: UnsafePointer<UInt8>) {
    bytes = UnsafeRawPointer(start).loadUnaligned(as: SIMD16<UInt8>.self)
  }

  @inlinable @inline(__always) public func store(to target: UnsafeMutablePointer<UInt8>) {
    UnsafeMutableRawPointer(target).storeBytes(of: bytes, as: SIMD16<UInt8>.self)
  }

  /// Which of a block's bytes are meant.
  @frozen public struct Places {
    /// Four bits a byte, the first byte's lowest.
    @usableFromInline let bits: UInt64

    @inlinable @inline(__always) init(_ mask: SIMDMask<SIMD16<Int8>>) {
      // Sixteen masks of eight bits, narrowed to sixteen of four.
      let pairs = unsafeBitCast(mask, to: SIMD8<UInt16>.self) &>> 4
      bits = unsafeBitCast(SIMD8<UInt8>(truncatingIfNeeded: pairs), to: UInt64.self)
    }

    @inlinable @inline(__always) public var isEmpty: Bool { bits == 0 }

    /// The lowest; 16 when there is none.
    @inlinable @inline(__always) public var first: Int { bits.trailingZeroBitCount &>> 2 }

    /// Is the lowest this one, 0 ... 15?
    @inlinable @inline(__always) public func begin(at place: Int) -> Bool {
      bits &<< UInt64(truncatingIfNeeded: 60 &- 4 &* place) == 0xF << 60
    }

    /// Is none among the first `count` bytes, 1 ... 16?
    @inlinable @inline(__always) public func isEmpty(upTo count: Int) -> Bool {
      bits &<< UInt64(truncatingIfNeeded: 64 &- 4 &* count) == 0
    }
  }

  /// `"`, `\`, control characters.
  @inlinable @inline(__always) public var specials: Places {
    Places(quotesAndBackslashes .| (bytes .< SIMD16(repeating: 0x20)))
  }

  /// The same, and bytes that are not ASCII.
  @inlinable @inline(__always) public var specialsAndNonASCII: Places {
    Places(quotesAndBackslashes .| (signed .< SIMD16(repeating: 0x20)))
  }

  /// `,`, `=`, `\`, spaces and control characters: what line protocol escapes in tags, and more.
  @inlinable @inline(__always) public var tagSpecials: Places {
    let marks = (bytes .== SIMD16(repeating: 0x2C)) .| (bytes .== SIMD16(repeating: 0x3D))
    return Places(marks .| (bytes .== SIMD16(repeating: 0x5C)) .| (bytes .< SIMD16(repeating: 0x21)))
  }

  @inlinable @inline(__always) public var isASCII: Bool {
    Places(signed .< SIMD16(repeating: 0)).isEmpty
  }

  @inlinable @inline(__always) var quotesAndBackslashes: SIMDMask<SIMD16<Int8>> {
    (bytes .== SIMD16(repeating: 0x22)) .| (bytes .== SIMD16(repeating: 0x5C))
  }

  /// Bytes that are not ASCII are below zero.
  @inlinable @inline(__always) var signed: SIMD16<Int8> { unsafeBitCast(bytes, to: SIMD16<Int8>.self) }

  /// Where the two are not the same.
  @inlinable @inline(__always) public func differences(from other: TextBlock) -> Places {
    Places(bytes .!= other.bytes)
  }

  /// Copies `count` bytes in whole blocks: up to 15 bytes more are read and written.
  @inlinable @inline(__always) public static func copy(
    _ from: UnsafePointer<UInt8>, _ count: Int, to target: UnsafeMutablePointer<UInt8>
  ) {
    var index = 0
    repeat {
      TextBlock(from + index).store(to: target + index)
      index &+= TextBlock.count
    } while index < count
  }
}
