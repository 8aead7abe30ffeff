import Glibc
import MillBase

/// `$VAR` and `${VAR}` in Grafana's provisioning files; `$$` is a literal dollar.
public enum EnvironmentExpansion {
  /// Looks up the process's environment.
  public static let process: @Sendable (String) -> String? = { name in getenv(name).map { String(cString: $0) } }

  /// The text with all variables replaced (a missing one by nothing), and the names of the missing ones.
  static func expand(_ text: String, _ lookup: (String) -> String?) -> (text: String, missing: [String]) {
    var missing: [String] = []
    let parts = text.split(separator: "$$", omittingEmptySubsequences: false).map { part in
      Interpolation.expand(String(part)) { name, _, _ in
        let value = lookup(name)
        if value == nil { missing.append(name) }
        return value ?? ""
      }
    }
    return (parts.joined(separator: "$"), missing)
  }
}
