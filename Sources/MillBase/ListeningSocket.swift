import Glibc

/// A bound TCP socket that listens, non-blocking. Its owner closes it.
public struct ListeningSocket: Sendable {
  public let descriptor: Int32
  public let port: UInt16

  /// - Throws: `MillError.configuration` for a taken port or an address that this machine does not have.
  public init(_ address: Address) throws {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(address.host, String(address.port), &hints, &found)
    guard result == 0, let found else {
      throw MillError(
        .configuration, "can't listen on \(address): \(String(cString: gai_strerror(result)))",
        wayOut: "use an address of this machine, for example 127.0.0.1")
    }
    defer { freeaddrinfo(found) }
    // "localhost" is ::1, too, where many clients don't look.
    let place = sequence(first: found) { $0.pointee.ai_next }.first { $0.pointee.ai_family == AF_INET } ?? found
    let flags = place.pointee.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = try System.call("socket", address.description) { socket(place.pointee.ai_family, flags, 0) }
    var yes: Int32 = 1
    // A restart must not wait for the old connections' TIME_WAIT; a port where someone listens stays taken.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor, place.pointee.ai_addr, place.pointee.ai_addrlen) == 0, listen(descriptor, SOMAXCONN) == 0
    else {
      defer { Glibc.close(descriptor) }
      throw Self.error(address)
    }
    self.descriptor = descriptor
    port = address.port == 0 ? Self.port(of: descriptor) : address.port
  }

  public func close() { Glibc.close(descriptor) }

  private static func error(_ address: Address) -> MillError {
    let (message, wayOut) =
      switch errno {
      case EADDRINUSE:
        (
          "\(address) is taken: another process listens on port \(address.port)",
          "stop that process or choose another port"
        )
      case EADDRNOTAVAIL: ("\(address) is not an address of this machine", "use one, for example 127.0.0.1")
      case EACCES: ("\(address): ports below 1024 need rights", "choose a port above 1023")
      default: ("can't listen on \(address): \(String(cString: strerror(errno)))", "choose another address")
      }
    return MillError(.configuration, message, wayOut: wayOut)
  }

  private static func port(of descriptor: Int32) -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
      // sin_port and sin6_port are at the same place.
      return storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
    }
  }
}
