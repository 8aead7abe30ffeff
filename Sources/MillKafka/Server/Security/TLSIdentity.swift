import COpenSSL
import MillBase

/// A server's certificate and key, ready for connections.
public final class TLSIdentity: @unchecked Sendable {
  // @unchecked: OpenSSL's context may be used by every thread once it is set up, and it is not changed after `init`.
  let context: OpaquePointer

  public enum Version: String, Sendable {
    case tls12 = "TLSv1.2"
    case tls13 = "TLSv1.3"
  }

  /// - Parameters:
  ///   - certificates: a PEM file with the server's certificate and those that sign it, the server's first.
  ///   - key: a PEM file with the private key; may be the same file.
  ///   - password: of the key.
  ///   - minimum: the oldest version of TLS that is spoken.
  /// - Throws: `.configuration` naming the file.
  public init(certificates: String, key: String, password: String? = nil, minimum: Version = .tls12) throws {
    guard let context = mill_tls_server_context(minimum == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) else {
      throw MillError(.system, "OpenSSL has no context: \(Self.reason())")
    }
    self.context = context
    for path in [certificates, key] where try Files.status(path) == nil {
      throw MillError(.configuration, "there is no such file", at: .init(file: path))
    }
    if let password { Secrets.register(password) }
    guard SSL_CTX_use_certificate_chain_file(context, certificates) == 1 else {
      throw MillError(
        .configuration, "the certificate can't be read: \(Self.reason())", at: .init(file: certificates),
        wayOut: "a PEM file is wanted: openssl pkcs12 -in keystore.p12 -out server.pem -nodes makes one")
    }
    // Without a password OpenSSL would ask for one on the terminal.
    var bytes = Array((password ?? "").utf8CString)
    let isRead = bytes.withUnsafeMutableBytes { bytes in
      SSL_CTX_set_default_passwd_cb_userdata(context, bytes.baseAddress)
      defer { SSL_CTX_set_default_passwd_cb_userdata(context, nil) }
      return SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1
    }
    guard isRead, SSL_CTX_check_private_key(context) == 1 else {
      throw MillError(
        .configuration, "the private key can't be used: \(Self.reason())", at: .init(file: key),
        wayOut: "give the PEM key of the certificate, and ssl.key.password when it has one")
    }
  }

  deinit { SSL_CTX_free(context) }

  static func reason() -> String { mill_tls_error().map { String(cString: $0) } ?? "no reason given" }
}
