import MillBase
import MillLog

/// What a connection may ask for before it has shown who it is (KIP-43, KIP-152).
struct SASLGate {
  enum Verdict {
    /// The request goes on to the handler.
    case pass
    case answer([UInt8])
    /// Answer, after a while, and close.
    case refuse([UInt8], reason: String)
  }

  private enum State {
    /// Nobody has to show anything here.
    case open
    case handshakeDue
    /// `isRaw`: tokens come and go without a request around them, after version 0 of the handshake.
    case talking(SASLExchange, isRaw: Bool)
    case authenticated
  }

  private let users: SASLUsers?
  private var state: State

  init(_ users: SASLUsers?) {
    self.users = users
    state = users == nil ? .open : .handshakeDue
  }

  var isPassed: Bool {
    switch state {
    case .open, .authenticated: true
    case .handshakeDue, .talking: false
    }
  }

  /// What comes next is a SASL token with nothing but its length before it.
  var takesRawTokens: Bool {
    if case .talking(_, isRaw: true) = state { return true }
    return false
  }

  /// - Throws: what closes the connection at once.
  mutating func check(_ frame: ArraySlice<UInt8>) throws -> Verdict {
    if case .talking(var exchange, isRaw: true) = state { return rawToken(Array(frame), &exchange) }
    let kind = Int16(frame[frame.startIndex]) << 8 | Int16(frame[frame.startIndex + 1])
    guard kind == API.saslHandshake.key || kind == API.saslAuthenticate.key else {
      if isPassed || kind == API.apiVersions.key { return .pass }
      throw MillError(.refused, "a request of kind \(kind) came before authentication")
    }
    let (header, body) = try RequestHeader.parse(frame)
    let request = RequestHandler.Request(
      api: kind == API.saslHandshake.key ? .saslHandshake : .saslAuthenticate, header: header, body: body)
    guard request.api.versions.contains(header.version) else {
      throw MillError(.badInput, "\(request.api.name) version \(header.version) is not served")
    }
    return request.api == .saslHandshake ? try handshake(request) : try authenticate(request)
  }

  private mutating func handshake(_ request: RequestHandler.Request) throws -> Verdict {
    let handshake = try request.read(SASLHandshakeRequest.self)
    var response = SASLHandshakeResponse()
    guard let users, case .handshakeDue = state else {
      response.errorCode = ErrorCode.illegalSASLState.rawValue
      return .answer(try request.reply(response))
    }
    response.mechanisms = users.mechanisms.map(\.rawValue)
    guard let mechanism = users.mechanisms.first(where: { $0.rawValue == handshake.mechanism }) else {
      response.errorCode = ErrorCode.unsupportedSASLMechanism.rawValue
      return .refuse(try request.reply(response), reason: "its SASL mechanism is not enabled")
    }
    state = .talking(SASLExchange(mechanism, users), isRaw: request.version == 0)
    return .answer(try request.reply(response))
  }

  private mutating func authenticate(_ request: RequestHandler.Request) throws -> Verdict {
    let token = try request.read(SASLAuthenticateRequest.self).authBytes
    var response = SASLAuthenticateResponse()
    guard case .talking(var exchange, _) = state else {
      response.errorCode = ErrorCode.illegalSASLState.rawValue
      response.errorMessage = "SaslAuthenticate without SaslHandshake before it"
      return .answer(try request.reply(response))
    }
    do throws(SASLExchange.Failure) {
      switch try exchange.respond(to: token) {
      case .proceed(let bytes):
        response.authBytes = bytes
        state = .talking(exchange, isRaw: false)
      case .accepted(let bytes):
        response.authBytes = bytes
        state = .authenticated
      }
    } catch {
      state = .handshakeDue
      response.errorCode = ErrorCode.saslAuthenticationFailed.rawValue
      // Who guesses does not learn which part was wrong.
      response.errorMessage = "Authentication failed: invalid user or password"
      return .refuse(try request.reply(response), reason: Self.reason(error))
    }
    return .answer(try request.reply(response))
  }

  private static func reason(_ failure: SASLExchange.Failure) -> String {
    let who = failure.user.map { "user '\($0)'" } ?? "an unknown user"
    return "\(who) is not let in: \(failure.reason)"
  }

  /// A failure has no answer here but the end of the connection.
  private mutating func rawToken(_ token: [UInt8], _ exchange: inout SASLExchange) -> Verdict {
    do throws(SASLExchange.Failure) {
      let answer: [UInt8]
      switch try exchange.respond(to: token) {
      case .proceed(let bytes):
        answer = bytes
        state = .talking(exchange, isRaw: true)
      case .accepted(let bytes):
        answer = bytes
        state = .authenticated
      }
      var frame = ByteWriter(capacity: 4 + answer.count)
      frame.append(Int32(answer.count))
      frame.append(contentsOf: answer)
      return .answer(frame.bytes)
    } catch {
      state = .handshakeDue
      return .refuse([], reason: Self.reason(error))
    }
  }
}
