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

    /// Is none among the first `count` bytes, 1 ... 16?
    @inlinable @inline(__always) public func isEmpty(upTo count: Int) -> Bool {
      bits &<< UInt64(truncatingIfNeeded: 64 &- 4 &* count) == 0
    }
  }

  /// `"`, `\`, control characters.
  @inlinable @inline(__always) public var specials: Places {
    Places(specialMask)
  }

  /// The same, and bytes that are not ASCII.
  @inlinable @inline(__always) public var specialsAndNonASCII: Places {
    Places(quotesAndBackslashes .| (signed .< SIMD16(repeating: 0x20)))
  }

  /// `,`, `=`, `\`, spaces and control characters: what line protocol escapes in tags, and more.
  @inlinable @inline(__always) public var tagSpecials: Places {
    Places(tagSpecialMask)
  }

  /// Is there one of ``specials`` among the `count` bytes? Reads up to 15 bytes more.
  @inlinable public static func hasSpecials(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    hasAny(start, count) { $0.specialMask }
  }

  /// The same for ``tagSpecials``.
  @inlinable public static func hasTagSpecials(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    hasAny(start, count) { $0.tagSpecialMask }
  }

  @inlinable @inline(__always) static func hasAny(
    _ start: UnsafePointer<UInt8>, _ count: Int, _ mask: (TextBlock) -> SIMDMask<SIMD16<Int8>>
  ) -> Bool {
    guard count > 0 else { return false }
    var found = SIMDMask<SIMD16<Int8>>(repeating: false)
    var index = 0
    while index <= count &- Self.count {
      found = found .| mask(TextBlock(start + index))
      index &+= Self.count
    }
    let rest = Places(mask(TextBlock(start + index))).first
    return !Places(found).isEmpty || rest < count &- index
  }

  @inlinable @inline(__always) public var isASCII: Bool {
    Places(signed .< SIMD16(repeating: 0)).isEmpty
  }

  @inlinable @inline(__always) var specialMask: SIMDMask<SIMD16<Int8>> {
    quotesAndBackslashes .| (bytes .< SIMD16(repeating: 0x20))
  }

  @inlinable @inline(__always) var tagSpecialMask: SIMDMask<SIMD16<Int8>> {
    let marks = (bytes .== SIMD16(repeating: 0x2C)) .| (bytes .== SIMD16(repeating: 0x3D))
    return marks .| (bytes .== SIMD16(repeating: 0x5C)) .| (bytes .< SIMD16(repeating: 0x21))
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
