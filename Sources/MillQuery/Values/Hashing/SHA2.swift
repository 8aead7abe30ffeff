/// SHA-224, SHA-256, SHA-384 and SHA-512 (FIPS 180-4).
enum SHA2 {
  /// - Parameter bits: 224, 256, 384 or 512.
  static func digest(_ bytes: some Collection<UInt8>, bits: Int) -> [UInt8] {
    switch bits {
    case 224: Array(digest256(bytes, starts384.map { UInt32(truncatingIfNeeded: $0) }).prefix(28))
    case 256: digest256(bytes, starts512.map { UInt32($0 >> 32) })
    case 384: Array(digest512(bytes, starts384).prefix(48))
    default: digest512(bytes, starts512)
    }
  }

  private static func digest256(_ bytes: some Collection<UInt8>, _ start: [UInt32]) -> [UInt8] {
    var state = start
    let padded = Padding.bigEndian(bytes, block: 64)
    var w = [UInt32](repeating: 0, count: 64)
    for block in stride(from: 0, to: padded.count, by: 64) {
      for i in 0..<16 { w[i] = Padding.word(padded, block + 4 * i) }
      for i in 16..<64 {
        let (a, b) = (w[i - 15], w[i - 2])
        let s0 = a.rotated(25) ^ a.rotated(14) ^ (a >> 3)
        let s1 = b.rotated(15) ^ b.rotated(13) ^ (b >> 10)
        w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
      }
      var s = state
      for i in 0..<64 {
        let s1 = s[4].rotated(26) ^ s[4].rotated(21) ^ s[4].rotated(7)
        let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
        let t1 = s[7] &+ s1 &+ choice &+ UInt32(constants[i] >> 32) &+ w[i]
        let s0 = s[0].rotated(30) ^ s[0].rotated(19) ^ s[0].rotated(10)
        let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
        s = [t1 &+ s0 &+ majority, s[0], s[1], s[2], s[3] &+ t1, s[4], s[5], s[6]]
      }
      for i in 0..<8 { state[i] &+= s[i] }
    }
    return Padding.bytes(state)
  }

  private static func digest512(_ bytes: some Collection<UInt8>, _ start: [UInt64]) -> [UInt8] {
    var state = start
    let padded = Padding.bigEndian(bytes, block: 128)
    var w = [UInt64](repeating: 0, count: 80)
    for block in stride(from: 0, to: padded.count, by: 128) {
      for i in 0..<16 { w[i] = Padding.word(padded, block + 8 * i) }
      for i in 16..<80 {
        let (a, b) = (w[i - 15], w[i - 2])
        let s0 = a.rotated(63) ^ a.rotated(56) ^ (a >> 7)
        let s1 = b.rotated(45) ^ b.rotated(3) ^ (b >> 6)
        w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
      }
      var s = state
      for i in 0..<80 {
        let s1 = s[4].rotated(50) ^ s[4].rotated(46) ^ s[4].rotated(23)
        let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
        let t1 = s[7] &+ s1 &+ choice &+ constants[i] &+ w[i]
        let s0 = s[0].rotated(36) ^ s[0].rotated(30) ^ s[0].rotated(25)
        let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
        s = [t1 &+ s0 &+ majority, s[0], s[1], s[2], s[3] &+ t1, s[4], s[5], s[6]]
      }
      for i in 0..<8 { state[i] &+= s[i] }
    }
    return Padding.bytes(state)
  }

  /// The square roots of the first eight primes, of the next eight, and the cube roots of the first eighty: 64 bits
  /// behind the point. SHA-256 takes the upper halves, SHA-224 the lower halves of the second list.
  private static let starts512: [UInt64] = [
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
  ]
  private static let starts384: [UInt64] = [
    0xCBBB9D5DC1059ED8, 0x629A292A367CD507, 0x9159015A3070DD17, 0x152FECD8F70E5939,
    0x67332667FFC00B31, 0x8EB44A8768581511, 0xDB0C2E0D64F98FA7, 0x47B5481DBEFA4FA4,
  ]
  private static let constants: [UInt64] = [
    0x428A2F98D728AE22, 0x7137449123EF65CD, 0xB5C0FBCFEC4D3B2F, 0xE9B5DBA58189DBBC,
    0x3956C25BF348B538, 0x59F111F1B605D019, 0x923F82A4AF194F9B, 0xAB1C5ED5DA6D8118,
    0xD807AA98A3030242, 0x12835B0145706FBE, 0x243185BE4EE4B28C, 0x550C7DC3D5FFB4E2,
    0x72BE5D74F27B896F, 0x80DEB1FE3B1696B1, 0x9BDC06A725C71235, 0xC19BF174CF692694,
    0xE49B69C19EF14AD2, 0xEFBE4786384F25E3, 0x0FC19DC68B8CD5B5, 0x240CA1CC77AC9C65,
    0x2DE92C6F592B0275, 0x4A7484AA6EA6E483, 0x5CB0A9DCBD41FBD4, 0x76F988DA831153B5,
    0x983E5152EE66DFAB, 0xA831C66D2DB43210, 0xB00327C898FB213F, 0xBF597FC7BEEF0EE4,
    0xC6E00BF33DA88FC2, 0xD5A79147930AA725, 0x06CA6351E003826F, 0x142929670A0E6E70,
    0x27B70A8546D22FFC, 0x2E1B21385C26C926, 0x4D2C6DFC5AC42AED, 0x53380D139D95B3DF,
    0x650A73548BAF63DE, 0x766A0ABB3C77B2A8, 0x81C2C92E47EDAEE6, 0x92722C851482353B,
    0xA2BFE8A14CF10364, 0xA81A664BBC423001, 0xC24B8B70D0F89791, 0xC76C51A30654BE30,
    0xD192E819D6EF5218, 0xD69906245565A910, 0xF40E35855771202A, 0x106AA07032BBD1B8,
    0x19A4C116B8D2D0C8, 0x1E376C085141AB53, 0x2748774CDF8EEB99, 0x34B0BCB5E19B48A8,
    0x391C0CB3C5C95A63, 0x4ED8AA4AE3418ACB, 0x5B9CCA4F7763E373, 0x682E6FF3D6B2B8A3,
    0x748F82EE5DEFB2FC, 0x78A5636F43172F60, 0x84C87814A1F0AB72, 0x8CC702081A6439EC,
    0x90BEFFFA23631E28, 0xA4506CEBDE82BDE9, 0xBEF9A3F7B2C67915, 0xC67178F2E372532B,
    0xCA273ECEEA26619C, 0xD186B8C721C0C207, 0xEADA7DD6CDE0EB1E, 0xF57D4F7FEE6ED178,
    0x06F067AA72176FBA, 0x0A637DC5A2C898A6, 0x113F9804BEF90DAE, 0x1B710B35131C471B,
    0x28DB77F523047D84, 0x32CAAB7B40C72493, 0x3C9EBE0A15C9BEBC, 0x431D67C49C100D4C,
    0x4CC5D4BECB3E42B6, 0x597F299CFC657E2A, 0x5FCB6FAB3AD6FAEC, 0x6C44198C4A475817,
  ]
}

extension FixedWidthInteger {
  /// Rotated to the left.
  @inline(__always) func rotated(_ count: Int) -> Self { self &<< Self(count) | self &>> Self(Self.bitWidth - count) }
}
