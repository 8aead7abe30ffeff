/// Header names are looked up without regard to case; order and repeats are kept.
public struct HTTPHeaders: Sendable, ExpressibleByDictionaryLiteral, Sequence {
  private var pairs: [(name: String, value: String)] = []

  public init() {}
  public init(dictionaryLiteral elements: (String, String)...) { pairs = elements.map { (name: $0.0, value: $0.1) } }

  /// The first value of the name; setting replaces all of them.
  public subscript(name: String) -> String? {
    get { pairs.first { Self.isSame($0.name, name) }?.value }
    set {
      pairs.removeAll { Self.isSame($0.name, name) }
      if let newValue { pairs.append((name, newValue)) }
    }
  }
  /// Same name, A–Z and a–z being equal.
  private static func isSame(_ a: String, _ b: String) -> Bool {
    func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
    return a.utf8.count == b.utf8.count && a.utf8.elementsEqual(b.utf8) { lower($0) == lower($1) }
  }
  public mutating func add(_ name: String, _ value: String) { pairs.append((name, value)) }
  public func makeIterator() -> IndexingIterator<[(name: String, value: String)]> { pairs.makeIterator() }
}

/// A request, as a server receives it and as a client sends it.
public struct HTTPRequest: Sendable {
  /// Upper case: GET, POST, …
  public var method: String
  /// Client: the whole URL. Server: the path, percent-decoded, without the query.
  public var target: String
  /// Server: the decoded query parameters in their order. A client puts them into `target`.
  public var query: [(name: String, value: String)]
  public var headers: HTTPHeaders
  public var body: [UInt8]

  public init(
    _ method: String, _ target: String, query: [(name: String, value: String)] = [], headers: HTTPHeaders = [:],
    body: [UInt8] = []
  ) {
    self.method = method
    self.target = target
    self.query = query
    self.headers = headers
    self.body = body
  }

  /// The first value of a query parameter.
  public func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// A response, as a server sends it and as a client receives it.
public struct HTTPResponse: Sendable {
  public var status: Int
  public var headers: HTTPHeaders
  public var body: [UInt8]

  public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public static func json(_ value: JSONValue, status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, headers: ["Content-Type": "application/json; charset=utf-8"], body: value.bytes())
  }

  public static func text(_ text: String, status: Int = 200, type: String = "text/plain; charset=utf-8") -> HTTPResponse
  {
    HTTPResponse(status: status, headers: ["Content-Type": type], body: Array(text.utf8))
  }
}
