import Synchronization

/// Values that must never be seen in a log, an error, a status or a page.
///
/// Whoever reads a secret (a token, a password) registers it here; whoever writes text for people redacts it.
public enum Secrets {
  private static let known = Mutex<Set<String>>([])

  /// Values shorter than this are not redacted: replacing them would garble ordinary text.
  public static let lengthMin = 4

  /// False while made-up texts are read, whose passwords are everyday words: they would garble all later text.
  @TaskLocal static var isRegistering = true

  public static func register(_ value: String) {
    guard value.utf8.count >= lengthMin, isRegistering else { return }
    known.withLock { known in
      known.insert(value)
      // As it looks in a URL.
      known.insert(PercentEncoding.encode(value))
    }
  }

  /// The text with every registered secret replaced by `***`.
  public static func redact(_ text: String) -> String {
    let secrets = known.withLock { $0 }
    if secrets.isEmpty { return text }
    var result = text
    for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) {
      result = result.replacing(secret, with: "***")
    }
    return result
  }
}
