import MillBase

/// `/query`: InfluxQL.
struct QueryRoute {
  /// Rows of a chunk when the client does not say.
  static let chunkRowsDefault = 10_000

  let engine: StoreEngine

  func answer(_ request: HTTPRequest) -> HTTPResponse {
    let parameters = Self.parameters(request)
    func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
    guard let query = parameter("q"), !query.isEmpty else {
      return InfluxErrors.v1(400, "missing required parameter \"q\"")
    }
    var question = InfluxQLRequest(query, database: parameter("db"))
    question.retentionPolicy = parameter("rp")
    question.isReadOnly = request.method == "GET"
    if let epoch = parameter("epoch"), !epoch.isEmpty {
      question.epoch = TimestampPrecision(name: epoch) ?? .nanoseconds
    }
    if let text = parameter("params"), !text.isEmpty {
      guard case .object(let object)? = try? JSONValue(parsing: text) else {
        return InfluxErrors.v1(400, "error parsing query parameters: not a JSON object")
      }
      question.parameters = Dictionary(uniqueKeysWithValues: object.map { ($0.key, $0.value) })
    }
    let writer = ResultWriter(epoch: question.epoch)
    let accept = request.headers["Accept"] ?? ""
    let wantsCSV = accept.contains("application/csv") || accept.contains("text/csv")
    let results: [StatementResult]
    do {
      results = try QueryExecutor(engine: engine).run(question)
    } catch let error as InfluxQLError {
      var response = InfluxErrors.v1(400, error.message)
      if wantsCSV {
        response.headers["Content-Type"] = "text/csv"
        response.body = writer.csv([StatementResult(error: error.message)])
      }
      return response
    } catch {
      return InfluxErrors.v1(500, "\(error)")
    }
    if wantsCSV {
      return HTTPResponse(status: 200, headers: ["Content-Type": "text/csv"], body: writer.csv(results))
    }
    var body: [UInt8]
    if parameter("chunked") == "true" {
      let size = parameter("chunk_size").flatMap { Int($0) } ?? Self.chunkRowsDefault
      body = writer.chunkedJSON(results, size: size > 0 ? size : Self.chunkRowsDefault)
    } else {
      body = writer.json(results)
    }
    if parameter("pretty") == "true" { body = PrettyJSON.indent(body) }
    return HTTPResponse(status: 200, headers: ["Content-Type": "application/json"], body: body)
  }

  /// Of the address, and of a form in the body; a body of another type is the query.
  private static func parameters(_ request: HTTPRequest) -> [(name: String, value: String)] {
    guard request.method == "POST", !request.body.isEmpty else { return request.query }
    let body = String(decoding: request.body, as: UTF8.self)
    let type = request.headers["Content-Type"] ?? ""
    if type.hasPrefix("application/vnd.influxql") { return request.query + [("q", body)] }
    if type.hasPrefix("application/x-www-form-urlencoded") {
      return PercentEncoding.decode(query: body) + request.query
    }
    return request.query
  }
}

/// Compact JSON with line breaks and four spaces a level, as Go indents it.
enum PrettyJSON {
  static func indent(_ compact: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var depth = 0
    var isQuoted = false
    func newLine() {
      out.append(0x0A)
      out += Array(repeating: 0x20, count: 4 * depth)
    }
    var index = 0
    while index < compact.count {
      let byte = compact[index]
      index += 1
      if isQuoted {
        out.append(byte)
        if byte == UInt8(ascii: "\\"), index < compact.count {
          out.append(compact[index])
          index += 1
        } else if byte == UInt8(ascii: "\"") {
          isQuoted = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""):
        isQuoted = true
        out.append(byte)
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        out.append(byte)
        let next = index < compact.count ? compact[index] : 0
        if next == UInt8(ascii: "}") || next == UInt8(ascii: "]") {
          out.append(next)
          index += 1
        } else {
          depth += 1
          newLine()
        }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        newLine()
        out.append(byte)
      case UInt8(ascii: ","):
        out.append(byte)
        newLine()
      case UInt8(ascii: ":"):
        out += ": ".utf8
      default: out.append(byte)
      }
    }
    return out
  }
}
