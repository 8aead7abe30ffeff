/// `HOST:PORT`, as flags and configuration files write it; `[::1]:9092` for IPv6.
public struct Address: Hashable, Sendable, CustomStringConvertible {
  public var host: String
  public var port: UInt16

  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// - Parameter text: `HOST:PORT`, `:PORT` or `PORT` (both mean 127.0.0.1).
  /// - Throws: `MillError.configuration` when the text is neither.
  public init(_ text: String) throws {
    let colon = text.lastIndex(of: ":")
    let portText = colon.map { text[text.index(after: $0)...] } ?? text[...]
    var host = colon.map { String(text[..<$0]) } ?? ""
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
    if isBracketed { host = String(host.dropFirst().dropLast()) }
    guard portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(portText),
      isBracketed || !host.contains(":"), !host.contains(where: { $0.isWhitespace || "/[]@".contains($0) })
    else {
      throw MillError(
        .configuration, "'\(text)' is not an address", wayOut: "write HOST:PORT, for example 127.0.0.1:9092")
    }
    self.host = host.isEmpty ? "127.0.0.1" : host
    self.port = port
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// True for names and addresses that never leave this machine.
  public var isLoopback: Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
  }

  /// Servers listen on loopback only, until credentials guard them.
  public func requireLoopback(of server: String) throws {
    if isLoopback { return }
    throw MillError(
      .configuration, "\(server) would listen on \(self), which other machines can reach",
      wayOut: "use 127.0.0.1, and let a proxy with credentials face the network")
  }
}
