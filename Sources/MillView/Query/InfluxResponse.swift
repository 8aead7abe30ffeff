import MillBase

/// Turns the answer of `/query` into frames, named and shaped as Grafana's InfluxDB data source does
/// (pkg/tsdb/influxdb/influxql).
enum InfluxResponse {
  /// - Throws: `MillError.refused` with what the server said: an HTTP error, or an error of a statement.
  static func frames(_ response: HTTPResponse, target: Target, query: String, step: Span) throws -> [DataFrame] {
    let document = try? JSONValue(parsing: response.body)
    guard (200..<300).contains(response.status) else {
      let text =
        document?["error"]?.string ?? document?["message"]?.string
        ?? String(decoding: response.body.prefix(300), as: UTF8.self)
      throw MillError(
        .refused, "InfluxDB answered \(response.status): \(text.isEmpty ? "(no text)" : text)",
        isRetriable: response.status >= 500 || response.status == 429)
    }
    guard let document else {
      throw MillError(.refused, "InfluxDB's answer is not JSON", wayOut: "check the data source's address")
    }
    if let error = document["error"]?.string { throw MillError(.refused, error) }
    var series: [Series] = []
    for result in document["results"]?.array ?? [] {
      if let error = result["error"]?.string { throw MillError(.refused, error) }
      series += (result["series"]?.array ?? []).map(Series.init)
    }
    var frames =
      target.resultFormat == "table"
      ? table(series) : series.flatMap { timeSeries($0, target: target, query: query, step: step) }
    for index in frames.indices {
      frames[index].refId = target.refId
      frames[index].executedQuery = query
    }
    return frames
  }

  private struct Series {
    var name: String
    var tags: [(key: String, value: String)]
    var columns: [String]
    var rows: [[JSONValue]]

    init(_ json: JSONValue) {
      name = json["name"]?.string ?? ""
      tags = (json["tags"]?.object.map { Array($0) } ?? []).map { ($0.key, $0.value.scalarText ?? "") }
        .sorted { $0.0 < $1.0 }
      columns = json["columns"]?.array?.map { $0.string ?? "" } ?? []
      rows = json["values"]?.array?.map { $0.array ?? [] } ?? []
    }

    func column(_ index: Int) -> [JSONValue] { rows.map { index < $0.count ? $0[index] : .null } }
  }

  /// Every series below the other in one frame, with its tags as columns.
  private static func table(_ series: [Series]) -> [DataFrame] {
    guard let first = series.first else { return [] }
    var fields: [DataFrame.Field] = []
    func append(_ name: String, _ values: DataFrame.Field.Values) {
      fields.append(.init(name, values, displayName: name))
    }
    var columns = Array(first.columns.enumerated())
    if first.columns.first == "time" {
      columns.removeFirst()
      fields.append(.init("Time", .times(series.flatMap { $0.column(0).map(\.integer) })))
    }
    for tag in first.tags {
      let values = series.flatMap { one in one.rows.map { _ in one.tags.first { $0.key == tag.key }?.value } }
      append(tag.key, .strings(values))
    }
    for (index, name) in columns { append(name, column(series.flatMap { $0.column(index) })) }
    return [DataFrame(name: first.name, fields: fields)]
  }

  /// One frame per column beside time; answers without time (SHOW …) are a list of texts.
  private static func timeSeries(_ series: Series, target: Target, query: String, step: Span) -> [DataFrame] {
    guard let timeIndex = series.columns.firstIndex(where: { $0.lowercased() == "time" }) else {
      // SHOW TAG VALUES answers key and value; the value is what is asked for.
      let index = series.columns.count > 1 && query.lowercased().contains("show tag values") ? 1 : 0
      let values = series.column(index).map { $0.scalarText ?? "" }
      return [DataFrame(name: series.name, fields: [.init("Value", .strings(values))])]
    }
    let times = DataFrame.Field("Time", .times(series.column(timeIndex).map(\.integer)))
    return series.columns.enumerated().filter { $0.offset != timeIndex }.map { index, name in
      let displayName = frameName(series, column: name, target: target, step: step)
      return DataFrame(
        name: displayName,
        fields: [
          times, .init("Value", column(series.column(index)), labels: series.tags, displayName: displayName),
        ])
    }
  }

  /// The column's type is that of its first value that is not null.
  private static func column(_ values: [JSONValue]) -> DataFrame.Field.Values {
    switch values.first(where: { !$0.isNull }) {
    case .string: .strings(values.map(\.string))
    case .bool: .booleans(values.map(\.bool))
    default: .numbers(values.map(\.double))
    }
  }

  /// The alias with `$m`, `$measurement`, `$col`, `$tag_x`, `$0` … (and `[[x]]`) replaced; else `name.column {tags}`.
  private static func frameName(_ series: Series, column: String, target: Target, step: Span) -> String {
    if target.alias.isEmpty {
      let tags = series.tags.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
      return "\(series.name).\(column)" + (tags.isEmpty ? "" : " { \(tags) }")
    }
    let segments = series.name.split(separator: ".", omittingEmptySubsequences: false)
    return Interpolation.expand(target.alias) { name, _, _ in
      switch name {
      case "m", "measurement": return series.name
      case "col": return column
      case "__interval": return step.influxText
      case "__interval_ms": return String(step.milliseconds)
      default:
        if let position = Int(name) { return segments.indices.contains(position) ? String(segments[position]) : nil }
        guard name.hasPrefix("tag_") else { return nil }
        return series.tags.first { $0.key == name.dropFirst(4) }?.value
      }
    }
  }
}
