import CMicroHTTPD

/// What libmicrohttpd calls, and what connects it to the handler threads.
final class HTTPServerCore: Sendable {
  private let handler: HTTPServer.Handler
  private let bodyLimit: Int
  private let pool: HandlerPool
  /// Answers of handlers that clients have not fetched yet.
  private let undelivered = Monitor(0)

  init(handler: @escaping HTTPServer.Handler, bodyLimit: Int, threads: Int, connections: Int) {
    self.handler = handler
    self.bodyLimit = bodyLimit
    pool = HandlerPool(kept: threads, max: max(threads, connections))
  }

  func drain(deliveryMax: Duration) {
    pool.drain()
    undelivered.wait(atMost: deliveryMax) { $0 == 0 ? () : nil }
  }

  // MARK: Callbacks

  /// The request line came: the exchange that this makes is the request's context until `onCompleted`.
  static let onTarget: mill_mhd_uri_callback = { _, target, _ in
    Unmanaged.passRetained(HTTPExchange(target: target.map { String(cString: $0) } ?? "/")).toOpaque()
  }

  /// Called with the headers, then with each piece of the body, then once without bytes, and again after each resume.
  static let onData: MHD_AccessHandlerCallback = { context, connection, _, method, _, bytes, count, exchange in
    let core = Unmanaged<HTTPServerCore>.fromOpaque(context!).takeUnretainedValue()
    let exchange = Unmanaged<HTTPExchange>.fromOpaque(exchange!.pointee!).takeUnretainedValue()
    let piece = UnsafeRawBufferPointer(start: bytes, count: count!.pointee)
    count!.pointee = 0
    return core.advance(exchange, connection!, method: method.map { String(cString: $0) } ?? "", piece)
  }

  /// The answer is out, or the client is gone.
  static let onCompleted: MHD_RequestCompletedCallback = { context, _, exchange, _ in
    guard let taken = exchange?.pointee else { return }
    exchange!.pointee = nil
    let core = Unmanaged<HTTPServerCore>.fromOpaque(context!).takeUnretainedValue()
    if Unmanaged<HTTPExchange>.fromOpaque(taken).takeRetainedValue().isCounted {
      core.undelivered.withLock { $0 -= 1 }
    }
  }

  // MARK: One request

  /// Bytes of a body above the limit that are read and thrown away, so that the client comes to read its 413.
  private static let discardedMax = 1 << 30

  private func advance(
    _ exchange: HTTPExchange, _ connection: OpaquePointer, method: String, _ piece: UnsafeRawBufferPointer
  ) -> MHD_Result {
    switch exchange.phase {
    case .new:
      exchange.begin(method: method, connection)
      // A client that asks before it sends needs not send in vain.
      if exchange.request.headers["Expect"] != nil, exchange.declaredLength > bodyLimit {
        return queue(HTTPExchange.Refusal.tooLarge(bodyLimit).response, exchange, connection)
      }
      return .YES
    case .receiving where !piece.isEmpty:
      exchange.receive(piece, limit: bodyLimit)
      return exchange.received - bodyLimit > Self.discardedMax ? .NO : .YES
    case .receiving:
      guard pool.reserve() else { return queue(HTTPExchange.Refusal.stopping.response, exchange, connection) }
      exchange.isCounted = true
      undelivered.withLock { $0 += 1 }
      MHD_suspend_connection(connection)
      let suspended = SuspendedConnection(pointer: connection)
      pool.submit { [self] in
        exchange.handle(by: handler, bodyLimit: bodyLimit)
        MHD_resume_connection(suspended.pointer)
      }
      return .YES
    case .handled: return queue(exchange.answer!, exchange, connection)
    case .answered: return .YES
    }
  }

  /// libmicrohttpd's handle of a connection that waits; it may be resumed from any thread.
  private struct SuspendedConnection: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  private func queue(_ response: HTTPResponse, _ exchange: HTTPExchange, _ connection: OpaquePointer) -> MHD_Result {
    exchange.phase = .answered
    exchange.answer = nil
    let body = response.body.withUnsafeBytes { bytes in
      // libmicrohttpd copies the bytes, and only reads through this pointer.
      MHD_create_response_from_buffer(
        bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
    }
    guard let body else {
      Log.error("http", "no memory for an answer of \(response.body.count) bytes")
      return .NO
    }
    defer { MHD_destroy_response(body) }
    for (name, value) in response.headers where !Self.ownHeaders.contains(name.lowercased()) {
      if MHD_add_response_header(body, name, value) != .YES {
        Log.warning("http", "the answer's header '\(name)' can't be sent: its name or value is not allowed in HTTP")
      }
    }
    return MHD_queue_response(connection, UInt32(response.status), body)
  }

  /// What libmicrohttpd writes itself, from the body that it has.
  private static let ownHeaders: Set<String> = ["content-length", "transfer-encoding"]
}
