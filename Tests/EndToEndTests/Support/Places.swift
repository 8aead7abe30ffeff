import Foundation
import MillBase

/// Where things are.
enum Places {
  /// The checkout.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// The executable under test: MILLRACE_BINARY, else the debug build.
  static let millrace = ProcessInfo.processInfo.environment["MILLRACE_BINARY"] ?? "\(root)/.build/debug/millrace"

  /// Recorded documents: MILLRACE_SHARED, else `shared` beside the checkout; nil where there are none.
  static let recorded: String? = {
    let shared =
      ProcessInfo.processInfo.environment["MILLRACE_SHARED"]
      ?? URL(fileURLWithPath: root).deletingLastPathComponent().appendingPathComponent("shared").path
    return Files.exists("\(shared)/data") ? "\(shared)/data" : nil
  }()

  /// A port that nobody listens on right now.
  static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, size) == 0 ? getsockname(descriptor, generic, &size) : -1
      }
    }
    guard result == 0 else { throw System.error("find a free port", "127.0.0.1") }
    return UInt16(bigEndian: address.sin_port)
  }

  /// Looks every 50 ms until the body gives a value; nil when it does not in time.
  static func eventually<Value>(within seconds: Double = 30, _ body: () throws -> Value?) rethrows -> Value? {
    let end = Date().addingTimeInterval(seconds)
    while true {
      if let value = try body() { return value }
      if Date() > end { return nil }
      usleep(50_000)
    }
  }
}
