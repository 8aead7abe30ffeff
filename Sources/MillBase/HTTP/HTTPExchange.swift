import CMicroHTTPD

/// One request on its way through a server, from its first line to its answer.
///
/// @unchecked Sendable: one thread at a time has it. libmicrohttpd's thread until the body is whole, a handler's thread
/// until the answer is set, then libmicrohttpd's again; the pool's lock and MHD_resume_connection's lie between.
final class HTTPExchange: @unchecked Sendable {
  enum Phase {
    case new, receiving, handled, answered
  }
  /// As the request line has it: path and query, encoded.
  let target: String
  var phase = Phase.new
  var request = HTTPRequest("GET", "")
  var isHead = false
  /// Bytes of the body that came, also those that were thrown away.
  var received = 0
  var answer: HTTPResponse?
  /// A handler's answer is on its way out, which `HTTPServer.stop` waits for.
  var isCounted = false

  init(target: String) { self.target = target }

  /// Takes over method, path, query and headers.
  func begin(method: String, _ connection: OpaquePointer) {
    phase = .receiving
    isHead = method == "HEAD"
    let question = target.firstIndex(of: "?")
    request = HTTPRequest(
      isHead ? "GET" : method, PercentEncoding.decode(target[..<(question ?? target.endIndex)]),
      query: question.map { PercentEncoding.decode(query: target[target.index(after: $0)...]) } ?? [])
    MHD_get_connection_values(
      connection, .HEADER_KIND,
      { context, _, name, value in
        let exchange = Unmanaged<HTTPExchange>.fromOpaque(context!).takeUnretainedValue()
        if let name { exchange.request.headers.add(String(cString: name), value.map { String(cString: $0) } ?? "") }
        return .YES
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// What the client says the body will be.
  var declaredLength: Int { request.headers["Content-Length"].flatMap { Int($0) } ?? 0 }

  /// Takes a piece of the body; above the limit it is thrown away, so that the client, which is still sending, comes to
  /// read the 413.
  func receive(_ bytes: UnsafeRawBufferPointer, limit: Int) {
    received += bytes.count
    if received <= limit {
      request.body.append(contentsOf: bytes)
    } else {
      request.body = []
    }
  }

  /// The handler's answer, or the refusal of a body that it can't be given.
  func handle(by handler: HTTPServer.Handler, bodyLimit: Int) {
    var response: HTTPResponse
    do throws(Refusal) {
      try unpackBody(limit: bodyLimit)
      response = handler(request)
    } catch {
      response = error.response
    }
    if !isHead { pack(&response) }
    phase = .handled
    answer = response
  }

  private func unpackBody(limit: Int) throws(Refusal) {
    if received > limit { throw .tooLarge(limit) }
    guard let encoding = request.headers["Content-Encoding"]?.lowercased(), encoding != "identity" else { return }
    guard encoding == "gzip" || encoding == "x-gzip" else { throw .unknownEncoding(encoding) }
    do {
      request.body = try Gzip.decompress(request.body, limit: limit)
      request.headers["Content-Encoding"] = nil
      request.headers["Content-Length"] = String(request.body.count)
    } catch let error as MillError where error.code == .limit {
      throw .tooLarge(limit)
    } catch {
      throw .damaged("\(error)")
    }
  }

  /// Responses shorter than this go out as they are: packing would save no packet.
  private static let packedMin = 1024

  private func pack(_ response: inout HTTPResponse) {
    guard response.body.count > Self.packedMin, response.headers["Content-Encoding"] == nil,
      let type = response.headers["Content-Type"]?.lowercased(),
      type.hasPrefix("text/") || type.contains("json") || type.contains("javascript") || type.contains("csv"),
      Self.acceptsGzip(request.headers["Accept-Encoding"] ?? "")
    else { return }
    response.body = Gzip.compress(response.body, level: 1)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
  }

  /// `gzip` or `*` is named, and not with `q=0` (RFC 9110, 12.5.3).
  static func acceptsGzip(_ header: String) -> Bool {
    var accepted: Bool?
    for item in header.split(separator: ",") {
      let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
      guard let name = parts.first, name == "gzip" || name == "x-gzip" || name == "*" && accepted == nil else {
        continue
      }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      accepted = weight > 0
    }
    return accepted ?? false
  }

  /// Why a body is not given to the handler.
  enum Refusal: Error {
    case tooLarge(Int)
    case damaged(String)
    case unknownEncoding(String)
    case stopping

    var response: HTTPResponse {
      let (status, message) =
        switch self {
        case .tooLarge(let limit): (413, "the request body is above the limit of \(limit) bytes")
        case .damaged(let why): (400, "the request body can't be unpacked: \(why)")
        case .unknownEncoding(let name): (415, "Content-Encoding '\(name)' is not known; send gzip or none")
        case .stopping: (503, "the server is stopping")
        }
      return .json(["error": .string(message)], status: status)
    }
  }
}
