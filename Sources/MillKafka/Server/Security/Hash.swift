import COpenSSL
import MillBase

/// A hash function of SCRAM, with what is built on it.
enum Hash: Sendable {
  case sha256
  case sha512

  var size: Int { self == .sha256 ? 32 : 64 }
  private var method: OpaquePointer { self == .sha256 ? EVP_sha256() : EVP_sha512() }

  func digest(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { out, count in
      let result = EVP_Digest(bytes, bytes.count, out.baseAddress, nil, method, nil)
      precondition(result == 1, "hashing memory can't fail")
      count = size
    }
  }

  func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { out, count in
      let result = HMAC(method, key, Int32(key.count), bytes, bytes.count, out.baseAddress, nil)
      precondition(result != nil, "hashing memory can't fail")
      count = size
    }
  }

  /// PBKDF2, which is RFC 5802's Hi().
  func stretch(_ password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { out, count in
      let result = password.withUnsafeBytes { password in
        PKCS5_PBKDF2_HMAC(
          password.assumingMemoryBound(to: CChar.self).baseAddress, Int32(password.count), salt, Int32(salt.count),
          Int32(iterations), method, Int32(size), out.baseAddress)
      }
      precondition(result == 1, "hashing memory can't fail")
      count = size
    }
  }
}

/// Bytes for secrets.
enum SecretBytes {
  static func random(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { out, filled in
      precondition(RAND_bytes(out.baseAddress, Int32(count)) == 1, "the system has no random bytes")
      filled = count
    }
  }

  /// Takes the same time wherever the difference lies.
  static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
  }
}
