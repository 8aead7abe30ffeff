import COpenSSL

/// SHA-256 (FIPS 180-4), for telling contents apart by 32 bytes.
public enum SHA256 {
  private static let size = 32

  /// The 64 hexadecimal digits, lower case, as `sha256sum` prints them.
  public static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let digest = [UInt8](unsafeUninitializedCapacity: size) { out, count in
      let result = EVP_Digest(bytes, bytes.count, out.baseAddress, nil, EVP_sha256(), nil)
      precondition(result == 1, "hashing memory can't fail")
      count = size
    }
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
