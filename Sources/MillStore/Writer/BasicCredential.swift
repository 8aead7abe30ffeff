import MillBase
import MillColumns

/// `Authorization: Basic` (RFC 7617).
enum BasicCredential {
  /// Base64 of `user:password`, registered as a secret: whoever has it has the password.
  static func encode(user: String, password: String) -> String {
    var out: [UInt8] = []
    Array("\(user):\(password)".utf8).withUnsafeBytes { Base64.append($0, to: &out) }
    let text = String(decoding: out, as: UTF8.self)
    Secrets.register(text)
    return text
  }
}
