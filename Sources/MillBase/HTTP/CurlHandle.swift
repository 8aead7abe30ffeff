import CCurl
import Glibc

/// One libcurl handle with its connections.
///
/// @unchecked Sendable: `HTTPClient` takes it out of its pool for the length of a call, so one thread at a time has it.
final class CurlHandle: @unchecked Sendable {
  private let handle: UnsafeMutableRawPointer

  /// Once a process. SIGPIPE: with CURLOPT_NOSIGNAL libcurl leaves it to us, and a peer that closes a TLS connection
  /// would end the process.
  private static let isReady: Bool = {
    signal(SIGPIPE, SIG_IGN)
    return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
  }()

  init() {
    precondition(Self.isReady, "libcurl can't start")
    guard let handle = curl_easy_init() else { preconditionFailure("no memory for a libcurl handle") }
    self.handle = handle
  }

  deinit { curl_easy_cleanup(handle) }

  func perform(_ request: HTTPRequest, _ options: HTTPClient.Options, _ stop: Signal?) throws -> HTTPResponse {
    var request = request
    if options.gzipRequests, !request.body.isEmpty, request.headers["Content-Encoding"] == nil {
      request.body = Gzip.compress(request.body)
      request.headers["Content-Encoding"] = "gzip"
    }
    // Keeps connections and the name cache, forgets all else.
    curl_easy_reset(handle)
    let headers = try HeaderList(request)
    let answer = Answer(limit: options.bodyLimit, stop: stop)
    set(request, options, headers)
    let result = withExtendedLifetime((headers, answer)) {
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CURL_ERROR_SIZE)) { problem in
        problem.initialize(repeating: 0)
        set(CURLOPT_ERRORBUFFER, problem.baseAddress)
        let result = exchange(request, answer)
        // The buffer ends with this block.
        set(CURLOPT_ERRORBUFFER, nil)
        return (
          code: result,
          problem: String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        )
      }
    }
    if answer.isTooLarge {
      throw MillError(
        .limit, "\(HTTPClient.redacted(request.target)): the answer is above the limit of \(options.bodyLimit) bytes")
    }
    if result.code == CURLE_ABORTED_BY_CALLBACK {
      throw MillError(.stopped, "\(HTTPClient.redacted(request.target)): given up, the work is stopping")
    }
    guard result.code == CURLE_OK else { throw Self.error(result.code, result.problem, request) }
    return response(from: answer)
  }

  private func set(_ request: HTTPRequest, _ options: HTTPClient.Options, _ headers: HeaderList) {
    // libcurl copies strings.
    set(CURLOPT_URL, text: request.target)
    set(CURLOPT_PROTOCOLS_STR, text: "http,https")
    set(CURLOPT_REDIR_PROTOCOLS_STR, text: "http,https")
    // "" = every encoding that this libcurl can unpack.
    set(CURLOPT_ACCEPT_ENCODING, text: "")
    if Self.isLoopback(request.target) { set(CURLOPT_PROXY, text: "") }
    set(CURLOPT_HTTPHEADER, headers.list)
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.milliseconds)
    set(CURLOPT_TIMEOUT_MS, options.timeout.milliseconds)
    set(CURLOPT_FOLLOWLOCATION, options.redirectsMax > 0 ? 1 : 0)
    set(CURLOPT_MAXREDIRS, options.redirectsMax)
  }

  private func exchange(_ request: HTTPRequest, _ answer: Answer) -> CURLcode {
    let context = Unmanaged.passUnretained(answer).toOpaque()
    set(CURLOPT_WRITEDATA, context)
    set(CURLOPT_HEADERDATA, context)
    mill_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      Answer.of(context).take(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    mill_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      Answer.of(context).takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    if answer.stop != nil {
      set(CURLOPT_NOPROGRESS, 0)
      set(CURLOPT_XFERINFODATA, context)
      mill_curl_set_progress_callback(handle) { context, _, _, _, _ in Answer.of(context).stop!.isSet ? 1 : 0 }
    }
    return request.body.withUnsafeBufferPointer { body in
      switch request.method {
      case "GET" where body.isEmpty: set(CURLOPT_HTTPGET, 1)
      case "HEAD": set(CURLOPT_NOBODY, 1)
      case "POST":
        set(CURLOPT_POST, 1)
        setBody(body)
      default:
        if !body.isEmpty || request.method == "PUT" || request.method == "PATCH" { setBody(body) }
        set(CURLOPT_CUSTOMREQUEST, text: request.method)
      }
      return curl_easy_perform(handle)
    }
  }

  /// The bytes must live until the exchange is over: libcurl does not copy them.
  private func setBody(_ body: UnsafeBufferPointer<UInt8>) {
    mill_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
    mill_curl_set_pointer(handle, CURLOPT_POSTFIELDS, body.baseAddress ?? StaticString("").utf8Start)
  }

  private func response(from answer: Answer) -> HTTPResponse {
    var status = 0
    mill_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    var headers = answer.headers
    if let encoding = headers["Content-Encoding"], encoding != "identity", !answer.body.isEmpty {
      // The body is unpacked, so these no longer describe it.
      headers["Content-Encoding"] = nil
      headers["Content-Length"] = nil
    }
    return HTTPResponse(status: status, headers: headers, body: answer.body)
  }

  // MARK: Options

  private func set(_ option: CURLoption, _ value: Int) { mill_curl_set_long(handle, option, value) }
  private func set(_ option: CURLoption, text: String) { mill_curl_set_pointer(handle, option, text) }
  private func set(_ option: CURLoption, _ value: UnsafeRawPointer?) { mill_curl_set_pointer(handle, option, value) }

  /// Addresses of this machine are never asked of the proxy that http_proxy names.
  private static func isLoopback(_ url: String) -> Bool {
    guard let scheme = url.firstRange(of: "://") else { return false }
    let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
    let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    let host = place.hasPrefix("[") ? place.dropFirst().prefix { $0 != "]" } : place.prefix { $0 != ":" }
    return Address(host: String(host), port: 0).isLoopback
  }

  private static func error(_ code: CURLcode, _ problem: String, _ request: HTTPRequest) -> MillError {
    let url = HTTPClient.redacted(request.target)
    let reason = problem.isEmpty ? String(cString: curl_easy_strerror(code)) : problem
    let isHTTP = ["http://", "https://"].contains { request.target.lowercased().hasPrefix($0) }
    switch code {
    // With an http URL libcurl means by "unsupported protocol" that the answer is not HTTP.
    case CURLE_URL_MALFORMAT,
      CURLE_UNSUPPORTED_PROTOCOL where !isHTTP:
      // libcurl's own words hold the URL.
      return MillError(.configuration, "'\(url)' is not a URL", wayOut: "write http://HOST:PORT/PATH or https://…")
    case CURLE_BAD_CONTENT_ENCODING, CURLE_WRITE_ERROR:
      return MillError(.badInput, "\(url): the answer can't be unpacked: \(reason)", isRetriable: true)
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
      return MillError(
        .unreachable, "\(url): \(reason)", wayOut: "check the peer's certificate, its name and this machine's clock")
    case CURLE_TOO_MANY_REDIRECTS:
      return MillError(.refused, "\(url): \(reason)", wayOut: "use the address that it redirects to")
    default: return MillError(.unreachable, "\(url): \(reason)", isRetriable: true)
    }
  }
}

/// The request's header lines as libcurl wants them.
private final class HeaderList {
  private(set) var list: UnsafeMutablePointer<curl_slist>?

  /// - Throws: `MillError.configuration` on a line break or NUL, which would smuggle in other headers.
  init(_ request: HTTPRequest) throws {
    // No "Expect: 100-continue": it costs a round trip, and servers that ignore it a second.
    append("Expect:")
    if request.headers["Content-Type"] == nil { append("Content-Type:") }
    if request.headers["User-Agent"] == nil { append("User-Agent: millrace") }
    for (name, value) in request.headers where name.lowercased() != "content-length" {
      guard !(name + value).utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) else {
        throw MillError(.configuration, "the header '\(name.prefix(40))' has a line break", wayOut: "remove it")
      }
      // "Name;" is libcurl's way to send a header without a value.
      append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
  }

  deinit { curl_slist_free_all(list) }

  private func append(_ line: String) { list = curl_slist_append(list, line) }
}

/// What has come of a response.
private final class Answer {
  private(set) var headers = HTTPHeaders()
  private(set) var body: [UInt8] = []
  private(set) var isTooLarge = false
  private let limit: Int
  let stop: Signal?

  init(limit: Int, stop: Signal?) {
    self.limit = limit
    self.stop = stop
  }

  static func of(_ context: UnsafeMutableRawPointer?) -> Answer {
    Unmanaged<Answer>.fromOpaque(context!).takeUnretainedValue()
  }

  /// Returns how many bytes it took; another number than came makes libcurl break off.
  func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard body.count + bytes.count <= limit else {
      isTooLarge = true
      return -1
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  /// libcurl gives whole lines, those of redirects and of "100 Continue" too: a status line begins a new response.
  func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      headers = HTTPHeaders()
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...]
      headers.add(String(line[..<colon]), String(value.trimmingPrefix(while: \.isWhitespace).trimmingSuffix()))
    }
    return bytes.count
  }
}

extension Substring {
  fileprivate func trimmingSuffix() -> Substring {
    var rest = self
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return rest
  }
}
