import MillBase
import MillColumns
import MillQuery

// Millrace's side of `make differential`: a line of JSON in (`{"ansi": true, "zone": "UTC", "view": "CREATE …", "query": "…"}`), a line of JSON
// out: `{"schema": [[name, type], …], "rows": [[text or null, …], …]}`, or `{"error": message}`.

func answer(_ query: String, view: String, zone: String, ansi: Bool) -> JSONValue {
  do {
    var session = SQLSession(ansi: ansi)
    try session.run("SET TIME ZONE '\(zone)'; \(view)") { _ in }
    var schema: [JSONValue] = []
    try session.run(query) { answer in
      guard case .query(let query) = answer else { return }
      schema = query.schema.columns.map { .array([.string($0.name), .string($0.type.simpleString)]) }
    }
    // As spark_expressions.py and spark_queries.py: all values as text, by way of CAST.
    let names = schema.indices.map { "c\($0)" }
    let texts = names.map { "CAST(\($0) AS STRING)" }.joined(separator: ", ")
    var rows: [JSONValue] = []
    try session.run("SELECT \(texts) FROM (\(query)) AS q(\(names.joined(separator: ", ")))") { answer in
      guard case .query(let query) = answer else { return }
      try BatchQuery.run(query, lanes: 1) { batch in
        for row in 0..<batch.count {
          rows.append(.array(batch.columns.map { column in column.text(row).map { .string($0) } ?? .null }))
        }
      }
    }
    return .object(["schema": .array(schema), "rows": .array(rows)])
  } catch {
    return .object(["error": .string((error as? MillError)?.message ?? "\(error)")])
  }
}

while let line = readLine(strippingNewline: true) {
  let request = try JSONValue(parsing: line)
  let query = request["query"]?.string ?? ""
  let made = answer(
    query, view: request["view"]?.string ?? "", zone: request["zone"]?.string ?? "UTC",
    ansi: request["ansi"]?.bool ?? true)
  var reply = made.text() + "\n"
  try reply.withUTF8 { try System.writeAll(UnsafeRawBufferPointer($0), to: 1, "standard output") }
}
