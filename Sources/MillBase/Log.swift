import Glibc
import Synchronization

/// Log lines on standard error: `2024-01-31T23:59:59.123Z INFO agent: message key=value`.
public enum Log {
  public enum Level: Int, Comparable, Sendable, CaseIterable {
    case debug, info, warning, error
    public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    var name: String {
      switch self {
      case .debug: "DEBUG"
      case .info: "INFO"
      case .warning: "WARN"
      case .error: "ERROR"
      }
    }
  }

  private struct State {
    var threshold = Level.info
    var descriptor: Int32 = 2
    var observer: (@Sendable (Level, String, String) -> Void)?
  }
  private static let state = Mutex(State())

  /// Lines below this level are not written. Default `.info`.
  public static func setThreshold(_ level: Level) { state.withLock { $0.threshold = level } }

  /// Where lines go; default 2, standard error.
  public static func setDescriptor(_ descriptor: Int32) { state.withLock { $0.descriptor = descriptor } }

  /// Sees every line that is written (level, room, message): for the chain's page and for tests.
  public static func observe(_ observer: (@Sendable (Level, String, String) -> Void)?) {
    state.withLock { $0.observer = observer }
  }

  public static func debug(_ room: String, _ message: @autoclosure () -> String) { write(.debug, room, message) }
  public static func info(_ room: String, _ message: @autoclosure () -> String) { write(.info, room, message) }
  public static func warning(_ room: String, _ message: @autoclosure () -> String) { write(.warning, room, message) }
  public static func error(_ room: String, _ message: @autoclosure () -> String) { write(.error, room, message) }

  /// A message is one line, whatever a peer or a file put into it.
  private static func oneLine(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
    return text.unicodeScalars.reduce(into: "") { line, scalar in
      switch scalar {
      case "\n": line += "\\n"
      case "\t": line += "\t"
      case "\0"..<" ", "\u{7F}": line += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: line.unicodeScalars.append(scalar)
      }
    }
  }

  private static func write(_ level: Level, _ room: String, _ message: () -> String) {
    let (threshold, descriptor, observer) = state.withLock { ($0.threshold, $0.descriptor, $0.observer) }
    guard level >= threshold else { return }
    let text = oneLine(Secrets.redact(message()))
    let line = "\(Clock.iso8601(milliseconds: Clock.nowMilliseconds())) \(level.name) \(room): \(text)\n"
    Array(line.utf8).withUnsafeBytes { bytes in
      // A full or closed standard error must not stop the chain: nothing is left to report it to.
      _ = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    }
    observer?(level, room, text)
  }
}
