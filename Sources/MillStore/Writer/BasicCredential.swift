import MillBase

/// `Authorization: Basic` (RFC 7617).
enum BasicCredential {
  /// Base64 of `user:password`, registered as a secret: whoever has it has the password.
  static func encode(user: String, password: String) -> String {
    let text = Base64.encode(Array("\(user):\(password)".utf8))
    Secrets.register(text)
    return text
  }
}
