import Glibc
import Synchronization
import Testing

@testable import MillBase

/// A server on a free port with a handler, and a client for it.
func withServer<Result>(
  limits: HTTPServer.Limits = .init(), threads: Int = 2, _ handler: @escaping HTTPServer.Handler,
  _ body: (_ base: String, _ server: HTTPServer) throws -> Result
) throws -> Result {
  let server = try HTTPServer(listen: Address("127.0.0.1:0"), threads: threads, limits: limits, handler: handler)
  defer { server.stop() }
  return try body("http://\(server.address)", server)
}

/// A client that says on a bare TCP connection whatever a test wants.
final class RawConnection {
  private let descriptor: Int32

  init(_ address: Address) throws {
    descriptor = try System.call("socket", "\(address)") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = address.port.bigEndian
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    try withUnsafePointer(to: &place) { place in
      try place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
        _ = try System.call("connect", "\(address)") { connect(descriptor, place, size) }
      }
    }
  }

  deinit { close(descriptor) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// All that comes until the peer closes.
  func readAll() -> String {
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count <= 0 { return String(decoding: text, as: UTF8.self) }
      text += chunk[..<count]
    }
  }
}

/// What a shell command prints.
func shell(_ command: String) -> String {
  guard let pipe = popen(command, "r") else { return "" }
  var out: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = fread(&chunk, 1, chunk.count, pipe)
    if count == 0 { break }
    out += chunk[..<count]
  }
  pclose(pipe)
  return String(decoding: out, as: UTF8.self)
}

/// Runs the body on so many threads at once and waits for all.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let workers = (0..<count).map { index in Worker("test-\(index)") { _ in body(index) } }
  for worker in workers { worker.join() }
}

/// Accepts connections until stopped; says the text on each once a request has begun, then closes it.
func peerDouble(_ socket: ListeningSocket, _ answer: String, _ stop: Signal) {
  while !stop.isSet {
    var place = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&place, 1, 50) == 1 else { continue }
    let connection = accept(socket.descriptor, nil, nil)
    guard connection >= 0 else { continue }
    var request = [UInt8](repeating: 0, count: 4096)
    _ = recv(connection, &request, request.count, 0)
    let bytes = Array(answer.utf8)
    _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    close(connection)
  }
}
