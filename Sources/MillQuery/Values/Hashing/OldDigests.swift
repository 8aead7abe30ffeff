import Glibc

/// MD5 (RFC 1321), for telling texts apart, not for secrets.
enum MD5 {
  private static let constants: [UInt32] = (0..<64).map { UInt32(abs(Glibc.sin(Double($0 + 1))) * 4_294_967_296) }
  private static let shifts = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]]

  static func digest(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476]
    let padded = Padding.littleEndian(bytes)
    for block in stride(from: 0, to: padded.count, by: 64) {
      var s = state
      for i in 0..<64 {
        let mixed: UInt32
        let index: Int
        switch i / 16 {
        case 0: (mixed, index) = ((s[1] & s[2]) | (~s[1] & s[3]), i)
        case 1: (mixed, index) = ((s[3] & s[1]) | (~s[3] & s[2]), (5 * i + 1) % 16)
        case 2: (mixed, index) = (s[1] ^ s[2] ^ s[3], (3 * i + 5) % 16)
        default: (mixed, index) = (s[2] ^ (s[1] | ~s[3]), 7 * i % 16)
        }
        let word = (Padding.word(padded, block + 4 * index) as UInt32).byteSwapped
        let sum = s[0] &+ mixed &+ constants[i] &+ word
        s = [s[3], s[1] &+ sum.rotated(shifts[i / 16][i % 4]), s[1], s[2]]
      }
      for i in 0..<4 { state[i] &+= s[i] }
    }
    return Padding.bytes(state.map(\.byteSwapped))
  }
}

/// SHA-1 (FIPS 180-4), for telling texts apart, not for secrets.
enum SHA1 {
  static func digest(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    let padded = Padding.bigEndian(bytes, block: 64)
    var w = [UInt32](repeating: 0, count: 80)
    for block in stride(from: 0, to: padded.count, by: 64) {
      for i in 0..<16 { w[i] = Padding.word(padded, block + 4 * i) }
      for i in 16..<80 { w[i] = (w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]).rotated(1) }
      var s = state
      for i in 0..<80 {
        let mixed: UInt32
        let constant: UInt32
        switch i / 20 {
        case 0: (mixed, constant) = ((s[1] & s[2]) | (~s[1] & s[3]), 0x5A82_7999)
        case 1: (mixed, constant) = (s[1] ^ s[2] ^ s[3], 0x6ED9_EBA1)
        case 2: (mixed, constant) = ((s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3]), 0x8F1B_BCDC)
        default: (mixed, constant) = (s[1] ^ s[2] ^ s[3], 0xCA62_C1D6)
        }
        let sum = s[0].rotated(5) &+ mixed &+ s[4] &+ constant &+ w[i]
        s = [sum, s[0], s[1].rotated(30), s[2], s[3]]
      }
      for i in 0..<5 { state[i] &+= s[i] }
    }
    return Padding.bytes(state)
  }
}

/// CRC-32 as zip and java.util.zip.CRC32 have it.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ 0xEDB8_8320 : rest >> 1 }
  }

  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }
}

/// What the digests share: a 1 bit, zeros and the length in bits behind the text, up to a whole block.
enum Padding {
  static func bigEndian(_ bytes: some Collection<UInt8>, block: Int) -> [UInt8] {
    filled(bytes, block: block, lengthBytes: block / 8) + Padding.bytes([UInt64(bytes.count) << 3])
  }

  static func littleEndian(_ bytes: some Collection<UInt8>) -> [UInt8] {
    filled(bytes, block: 64, lengthBytes: 8) + Padding.bytes([(UInt64(bytes.count) << 3).byteSwapped])
  }

  /// Everything but the last eight bytes.
  private static func filled(_ bytes: some Collection<UInt8>, block: Int, lengthBytes: Int) -> [UInt8] {
    var padded = Array(bytes) + [0x80]
    let rest = (padded.count + lengthBytes) % block
    padded += repeatElement(0, count: (rest == 0 ? 0 : block - rest) + lengthBytes - 8)
    return padded
  }

  static func word<T: FixedWidthInteger>(_ bytes: [UInt8], _ at: Int) -> T {
    var word: T = 0
    for index in 0..<(T.bitWidth / 8) { word = word << 8 | T(bytes[at + index]) }
    return word
  }

  static func bytes<T: FixedWidthInteger>(_ words: [T]) -> [UInt8] {
    words.flatMap { word in
      stride(from: T.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> T($0)) }
    }
  }
}
