import MillBase

/// An InfluxDB-compatible server that dashboards and alert rules ask in InfluxQL (Grafana's data source
/// "InfluxDB", query language InfluxQL).
public struct DataSource: Sendable, CustomStringConvertible {
  public enum Credentials: Sendable {
    case none
    /// HTTP Basic; a token of InfluxDB 2 goes as the password.
    case basic(user: String, password: String)
    /// `Authorization: Token …`
    case token(String)
    /// Any header, as Grafana's `httpHeaderName1` and `httpHeaderValue1`.
    case header(name: String, value: String)
  }

  public var name: String
  public var uid: String
  /// `http://127.0.0.1:8086`, without `/query`.
  public var url: String
  public var database: String
  public var isDefault: Bool
  /// POST sends the query in the body. Default false.
  public var usesPost: Bool
  /// No finer steps than this; `10s`. Default none.
  public var timeInterval: String
  /// More series than this are cut off, with a note. Default 1000, as in Grafana.
  public var seriesMax: Int
  public let credentials: Credentials

  /// Registers the credentials' secrets, so that no log, error or page shows them.
  public init(
    name: String, uid: String, url: String, database: String, credentials: Credentials = .none, isDefault: Bool = true,
    usesPost: Bool = false, timeInterval: String = "", seriesMax: Int = 1000
  ) {
    self.name = name
    self.uid = uid
    self.database = database
    self.isDefault = isDefault
    self.usesPost = usesPost
    self.timeInterval = timeInterval
    self.seriesMax = seriesMax
    var url = url
    while url.hasSuffix("/") { url.removeLast() }
    self.url = url
    switch credentials {
    case .none: break
    case .basic(_, let password): Secrets.register(password)
    case .token(let token): Secrets.register(token)
    case .header(_, let value):
      Secrets.register(value)
      // `Token x`, `Bearer x`: the secret is the last word.
      if let last = value.split(separator: " ").last { Secrets.register(String(last)) }
    }
    self.credentials = credentials
  }

  public var description: String { "\(name) (\(url), database \(database))" }

  var headers: HTTPHeaders {
    var headers: HTTPHeaders = ["Accept": "application/json"]
    switch credentials {
    case .none: break
    case .basic(let user, let password):
      headers["Authorization"] = "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
    case .token(let token): headers["Authorization"] = "Token \(token)"
    case .header(let name, let value): headers[name] = value
    }
    return headers
  }

  /// The request for one InfluxQL text.
  ///
  /// - Parameters:
  ///   - policy: retention policy; empty = the default one.
  ///   - epoch: unit of the times in the answer.
  public func request(_ query: String, policy: String = "", epoch: String = "ms") -> HTTPRequest {
    var parameters = [(name: "db", value: database), (name: "epoch", value: epoch)]
    if !policy.isEmpty, policy != "default" { parameters.append((name: "rp", value: policy)) }
    var headers = headers
    if usesPost {
      headers["Content-Type"] = "application/x-www-form-urlencoded"
      return HTTPRequest(
        "POST", "\(url)/query?\(PercentEncoding.encode(query: parameters))", headers: headers,
        body: Array(PercentEncoding.encode(query: [(name: "q", value: query)]).utf8))
    }
    return HTTPRequest(
      "GET", "\(url)/query?\(PercentEncoding.encode(query: parameters + [(name: "q", value: query)]))", headers: headers
    )
  }
}

/// The data sources of a page.
struct DataSources: Sendable {
  var all: [DataSource]

  /// By uid, else by name; nothing, `default` and an unresolved `${DS_…}` of an export mean the default one.
  func find(_ reference: DataSourceReference?) -> DataSource? {
    guard let name = reference?.name, !name.isEmpty, name != "default", !name.hasPrefix("$") else {
      return all.first { $0.isDefault } ?? all.first
    }
    return all.first { $0.uid == name } ?? all.first { $0.name == name }
  }
}
