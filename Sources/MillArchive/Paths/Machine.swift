import Glibc
import MillBase

/// What this machine is called.
public enum Machine {
  /// - Throws: `.system` when the system does not say.
  public static func hostName() throws -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    try System.call("ask for the host name", "") { gethostname(&buffer, 255) }
    return text(buffer)
  }

  /// The address that the host name resolves to, or 127.0.0.1 when it resolves to none.
  public static func address() throws -> String {
    try resolve { info in
      var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let failed = getnameinfo(
        info.ai_addr, info.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
      return failed == 0 ? text(buffer) : nil
    } ?? "127.0.0.1"
  }

  /// The full name of the host, or its short one when no other is known.
  public static func fullName() throws -> String {
    try resolve { info in info.ai_canonname.map { String(cString: $0) } } ?? hostName()
  }

  private static func resolve(_ read: (addrinfo) -> String?) throws -> String? {
    var hints = addrinfo()
    hints.ai_flags = AI_CANONNAME
    hints.ai_family = AF_INET
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(try hostName(), nil, &hints, &list) == 0, let list else { return nil }
    defer { freeaddrinfo(list) }
    return read(list.pointee)
  }

  private static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
