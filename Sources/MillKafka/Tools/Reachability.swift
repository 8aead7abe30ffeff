import Glibc
import MillBase

/// Is anyone there? Asked first, because a Kafka client would try again and again before it gives up.
enum Reachability {
  /// - Throws: `.unreachable` when none of the `host:port,…` takes a connection; `.configuration` when one is no
  ///   address.
  static func check(_ servers: String) throws {
    let addresses = try servers.split(separator: ",").map { try Address(String($0)) }
    guard !addresses.isEmpty else { throw MillError(.configuration, "no address", at: .init(key: "bootstrap-server")) }
    if addresses.contains(where: { connects($0) }) { return }
    throw MillError(
      .unreachable, "nothing listens at \(servers)",
      wayOut: "start Kafka or 'millrace broker' there, or give another --bootstrap-server", isRetriable: true)
  }

  private static func connects(_ address: Address) -> Bool {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(address.host, String(address.port), &hints, &found) == 0 else { return false }
    defer { freeaddrinfo(found) }
    var next = found
    while let info = next {
      let descriptor = socket(info.pointee.ai_family, info.pointee.ai_socktype, info.pointee.ai_protocol)
      if descriptor >= 0 {
        defer { close(descriptor) }
        if connect(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 { return true }
      }
      next = info.pointee.ai_next
    }
    return false
  }
}
