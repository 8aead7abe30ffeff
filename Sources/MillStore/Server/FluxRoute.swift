import MillBase

/// `/api/v2/query`: of Flux only `buckets()`, which Grafana's "Save & test" asks; anything else gets a clear error.
struct FluxRoute {
  let engine: StoreEngine

  func answer(_ request: HTTPRequest) -> HTTPResponse {
    let body = String(decoding: request.body, as: UTF8.self)
    let isScript = (request.headers["Content-Type"] ?? "").hasPrefix("application/vnd.flux")
    let script = isScript ? body : (try? JSONValue(parsing: body))?["query"]?.string ?? body
    let words = script.filter { !$0.isWhitespace }
    guard words == "buckets()" || words == "buckets()|>limit(n:1)" else {
      return InfluxErrors.v2(
        501, "not implemented", "the built-in store does not run Flux: ask InfluxQL at /query, or write to InfluxDB 2")
    }
    return HTTPResponse(
      status: 200, headers: ["Content-Type": "text/csv; charset=utf-8"], body: Array(buckets().utf8))
  }

  /// Annotated CSV, lines ended by CRLF.
  private func buckets() -> String {
    var lines = [
      "#datatype,string,long,string,string,string,string,long", "#group,false,false,false,false,true,false,false",
      "#default,_result,,,,,,", ",result,table,name,id,organizationID,retentionPolicy,retentionPeriod",
    ]
    for (index, name) in engine.databaseNames().enumerated() {
      let quoted = name.contains { ",\"\n\r".contains($0) } ? "\"\(name.replacing("\"", with: "\"\""))\"" : name
      let retention = engine.database(name)?.currentCatalog().retention ?? 0
      let id = String(index + 1, radix: 16)
      lines.append(
        ",,0,\(quoted),\(String(repeating: "0", count: 16 - id.utf8.count))\(id),0000000000000001,,\(retention)")
    }
    return lines.map { $0 + "\r\n" }.joined() + "\r\n"
  }
}
