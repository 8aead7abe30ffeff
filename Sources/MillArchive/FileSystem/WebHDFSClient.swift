import MillBase
import Synchronization

/// The calls of the WebHDFS REST API, to whichever NameNode is active; works with HttpFS too.
///
/// (Hadoop: WebHDFS REST API.)
final class WebHDFSClient: Sendable {
  let nameNodes: [String]
  private let user: String?
  private let client: HTTPClient
  /// Index of the NameNode that answered last.
  private let active = Mutex(0)

  init(nameNodes: [String], user: String?, client: HTTPClient) {
    precondition(!nameNodes.isEmpty, "WebHDFS needs an address")
    self.nameNodes = nameNodes.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    self.user = user
    self.client = client
  }

  /// One call to a NameNode; the others are tried when it is away or on standby.
  func call(_ method: String, _ path: String, _ operation: String, _ parameters: [(String, String)] = []) throws
    -> HTTPResponse
  {
    let first = active.withLock { $0 }
    var last: MillError?
    for step in 0..<nameNodes.count {
      let index = (first + step) % nameNodes.count
      let url = self.url(nameNodes[index], path, operation, parameters)
      do {
        let response = try client.send(HTTPRequest(method, url))
        if response.status < 400 {
          active.withLock { $0 = index }
          return response
        }
        let error = Self.error(response, path)
        guard error.code == .standby else { throw error }
        last = error
      } catch let error as MillError where error.code == .unreachable || error.code == .standby {
        last = error
      }
    }
    throw last!
  }

  /// CREATE or APPEND: the NameNode says where, the data goes there.
  func send(_ bytes: [UInt8], _ method: String, _ path: String, _ operation: String, _ parameters: [(String, String)])
    throws
  {
    let redirect = try call(method, path, operation, parameters)
    let place: String?
    if redirect.status == 307 || redirect.status == 302 {
      place = redirect.headers["Location"]
    } else {
      // With noredirect, and from HttpFS.
      place = (try? JSONValue(parsing: redirect.body))?["Location"]?.string
    }
    guard let place else {
      throw MillError(
        .refused, "\(operation) was answered with \(redirect.status) and no place for the data", at: .init(file: path))
    }
    let request = HTTPRequest(
      method, place, headers: ["Content-Type": "application/octet-stream"], body: bytes)
    let response = try client.send(request)
    if response.status >= 300 { throw Self.error(response, path) }
  }

  /// OPEN: follows the one redirect.
  func open(_ path: String, from position: Int64, count: Int) throws -> [UInt8] {
    let response = try call("GET", path, "OPEN", [("offset", "\(position)"), ("length", "\(count)")])
    guard response.status == 307 || response.status == 302, let place = response.headers["Location"] else {
      return response.body
    }
    let data = try client.send(HTTPRequest("GET", place))
    if data.status >= 300 { throw Self.error(data, path) }
    return data.body
  }

  /// The `boolean` that MKDIRS, RENAME, DELETE and TRUNCATE answer with.
  func boolean(_ method: String, _ path: String, _ operation: String, _ parameters: [(String, String)] = []) throws
    -> Bool
  {
    let response = try call(method, path, operation, parameters)
    guard let answer = try JSONValue(parsing: response.body)["boolean"]?.bool else {
      throw MillError(.refused, "\(operation) was not answered with a boolean", at: .init(file: path))
    }
    return answer
  }

  private func url(_ node: String, _ path: String, _ operation: String, _ parameters: [(String, String)]) -> String {
    var url = "\(node)/webhdfs/v1\(Self.encode(path, keeping: "/"))?op=\(operation)"
    if let user { url += "&user.name=\(Self.encode(user))" }
    for (name, value) in parameters { url += "&\(name)=\(Self.encode(value, keeping: "/"))" }
    return url
  }

  /// Percent-encodes all but what RFC 3986 leaves alone.
  static func encode(_ text: String, keeping extra: String = "") -> String {
    let kept = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~\(extra)".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      if kept.contains(byte) {
        out.append(byte)
      } else {
        out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// What the body's RemoteException says.
  static func error(_ response: HTTPResponse, _ path: String) -> MillError {
    let remote = (try? JSONValue(parsing: response.body))?["RemoteException"]
    let name = remote?["exception"]?.string ?? "status \(response.status)"
    // The rest is a stack trace at times.
    let message = remote?["message"]?.string?.split(separator: "\n").first.map(String.init) ?? ""
    let place = MillError.Place(file: path)
    let text = "HDFS: \(name)\(message.isEmpty ? "" : ": \(message)")"
    switch name {
    case "StandbyException":
      return MillError(.standby, text, at: place, wayOut: "give the addresses of all NameNodes", isRetriable: true)
    case "FileNotFoundException": return MillError(.notFound, text, at: place)
    case "AccessControlException", "AuthorizationException":
      return MillError(
        .refused, text, at: place, wayOut: "let another user write (user.name), or change the directory's owner")
    case "SafeModeException", "RetriableException", "RecoveryInProgressException", "AlreadyBeingCreatedException":
      return MillError(.refused, text, at: place, wayOut: "it passes by itself", isRetriable: true)
    default:
      return MillError(.refused, text, at: place, isRetriable: response.status >= 500)
    }
  }
}

extension MillError.Code {
  /// A NameNode that is not the active one.
  static let standby = Self("standby")
}
