import COpenSSL
import MillBase

/// Files in the format PKCS #12 (RFC 7292), which Java's tools write by default since Java 9.
enum PKCS12 {
  /// All certificates of the file, as PEM.
  ///
  /// - Throws: `.badInput` with OpenSSL's reason.
  static func certificates(_ path: String, password: String) throws -> String {
    let bytes = try Files.read(path)
    guard let input = BIO_new_mem_buf(bytes, Int32(bytes.count)) else { throw failure("out of memory") }
    defer { BIO_free(input) }
    guard let file = d2i_PKCS12_bio(input, nil) else { throw failure("is no PKCS12 file") }
    defer { PKCS12_free(file) }
    var key: OpaquePointer?
    var own: OpaquePointer?
    var others: OpaquePointer?
    guard PKCS12_parse(file, password, &key, &own, &others) == 1 else { throw failure("can't be opened") }
    defer {
      EVP_PKEY_free(key)
      X509_free(own)
      // The stack owns its certificates.
      while let certificate = OPENSSL_sk_pop(others) { X509_free(OpaquePointer(certificate)) }
      OPENSSL_sk_free(others)
    }
    guard let output = BIO_new(BIO_s_mem()) else { throw failure("out of memory") }
    defer { BIO_free(output) }
    if let own { PEM_write_bio_X509(output, own) }
    for index in 0..<max(0, OPENSSL_sk_num(others)) {
      PEM_write_bio_X509(output, OpaquePointer(OPENSSL_sk_value(others, index)))
    }
    var text = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(output)))
    let count = BIO_read(output, &text, Int32(text.count))
    guard count > 0 else { throw failure("holds no certificate") }
    return String(decoding: text.prefix(Int(count)), as: UTF8.self)
  }

  private static func failure(_ what: String) -> MillError {
    let reason = mill_tls_error().map { " (\(String(cString: $0)))" } ?? ""
    return MillError(.badInput, what + reason)
  }
}
