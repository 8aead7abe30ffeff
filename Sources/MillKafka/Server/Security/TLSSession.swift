import COpenSSL
import Glibc
import MillBase

/// One connection's TLS: encrypted bytes on one side, plain ones on the other. Does no I/O but ``send(to:)``.
final class TLSSession {
  /// Encrypted bytes are looked at in pieces of this size, so that OpenSSL's buffers stay small.
  private static let pieceSize = 8 << 10
  /// The largest TLS record.
  private static let recordSize = 16 << 10

  private let session: OpaquePointer
  private let incoming: OpaquePointer
  private let outgoing: OpaquePointer
  private var wire: [UInt8] = []
  private var sent = 0

  init(_ identity: TLSIdentity) throws {
    guard let session = SSL_new(identity.context), let incoming = BIO_new(BIO_s_mem()),
      let outgoing = BIO_new(BIO_s_mem())
    else { throw MillError(.system, "OpenSSL has no memory for a connection: \(TLSIdentity.reason())") }
    SSL_set_bio(session, incoming, outgoing)
    SSL_set_accept_state(session)
    self.session = session
    self.incoming = incoming
    self.outgoing = outgoing
  }

  deinit { SSL_free(session) }

  /// Encrypted bytes wait for the socket.
  var hasOutput: Bool { sent < wire.count }

  /// Takes what came from the socket and gives out what it says; shakes hands on the way.
  ///
  /// - Returns: false when the other side has said that nothing more comes.
  /// - Throws: `.badInput` for bytes that are no TLS, `.refused` when the other side ends the handshake.
  func receive(_ bytes: UnsafeRawBufferPointer, _ plain: (UnsafeRawBufferPointer) -> Void) throws -> Bool {
    var start = 0
    while start < bytes.count {
      let piece = min(Self.pieceSize, bytes.count - start)
      guard BIO_write(incoming, bytes.baseAddress! + start, Int32(piece)) == Int32(piece) else {
        throw MillError(.system, "OpenSSL takes no bytes: \(TLSIdentity.reason())")
      }
      start += piece
      let isOpen = try withUnsafeTemporaryAllocation(byteCount: Self.recordSize, alignment: 16) { buffer in
        while true {
          ERR_clear_error()
          let count = SSL_read(session, buffer.baseAddress, Int32(buffer.count))
          if count > 0 {
            plain(UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)]))
            continue
          }
          let error = SSL_get_error(session, count)
          // An alert for the other side may have been written as well.
          collect()
          switch error {
          case SSL_ERROR_WANT_READ: return true
          case SSL_ERROR_ZERO_RETURN: return false
          default: throw MillError(.badInput, "TLS: \(TLSIdentity.reason())")
          }
        }
      }
      guard isOpen else { return false }
    }
    return true
  }

  /// Encrypts a piece; how many bytes it took.
  ///
  /// - Throws: `.system` when the session is broken.
  func encrypt(_ bytes: UnsafeRawBufferPointer) throws -> Int {
    ERR_clear_error()
    let count = SSL_write(session, bytes.baseAddress, Int32(min(bytes.count, Self.recordSize)))
    guard count > 0 else { throw MillError(.system, "TLS: \(TLSIdentity.reason())") }
    collect()
    return Int(count)
  }

  /// As `send(2)`: how many bytes went, or -1 with errno.
  func send(to descriptor: Int32) -> Int {
    let count = wire.withUnsafeBytes { raw in
      Glibc.send(descriptor, raw.baseAddress! + sent, raw.count - sent, Int32(MSG_NOSIGNAL))
    }
    if count > 0 { sent += count }
    if sent == wire.count {
      wire = []
      sent = 0
    }
    return count
  }

  /// Tells the other side that nothing more comes; as far as the socket takes it.
  func sayGoodbye(to descriptor: Int32) {
    if SSL_is_init_finished(session) == 1 {
      SSL_shutdown(session)
      ERR_clear_error()
      collect()
    }
    if hasOutput { _ = send(to: descriptor) }
  }

  private func collect() {
    let count = BIO_ctrl_pending(outgoing)
    guard count > 0 else { return }
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { out, filled in
      filled = max(0, Int(BIO_read(outgoing, out.baseAddress, Int32(count))))
    }
    wire += bytes
  }
}
