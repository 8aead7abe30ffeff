import MillBase

/// A panel of a dashboard: what the server needs of it. How it is drawn, the page reads from the JSON itself.
public struct Panel: Sendable {
  public var id: Int?
  /// `timeseries`, `stat`, `row` …
  public var type: String
  public var title: String
  public var datasource: DataSourceReference?
  public var targets: [Target]
  /// Names of transformations, in their order.
  public var transformations: [String]
  /// Where it stands in the file, for messages: `$.panels[2]`.
  public var path: String

  /// Panels that the page draws; others become a box that says what they are.
  public static let drawnTypes: Set<String> = [
    "timeseries", "graph", "barchart", "table", "table-old", "stat", "singlestat", "gauge", "bargauge", "text", "row",
  ]

  init(_ json: JSONCursor) {
    id = json.integer("id")
    type = json.string("type") ?? ""
    if json["type"] == nil { json.report("a panel has no type", wayOut: "write \"type\": \"timeseries\"") }
    title = json.string("title") ?? ""
    path = json.path
    if let grid = json["gridPos"] {
      let x = grid.integer("x") ?? 0
      let width = grid.integer("w") ?? 0
      for key in ["y", "h"] where (grid.integer(key) ?? 0) < 0 { grid.report("\(key) is below 0") }
      if x < 0 || width < 0 || x + width > 24 { grid.report("x + w is outside the grid of 24 columns") }
    }
    for key in ["timeFrom", "timeShift"] {
      if let text = json.string(key), !text.isEmpty, (try? TimePoint("now-\(text)")) == nil, Span(text) == nil {
        json[key]?.report("'\(text)' is no time span", wayOut: "write it as 15y or 1h")
      }
    }
    datasource = json["datasource"].flatMap { DataSourceReference($0.value) }
    targets = json.objects("targets").map { Target($0) }
    transformations = json.objects("transformations").compactMap { $0.string("id") }
  }
}

/// How a panel or target names its data source: by `{type, uid}`, or (older) by name; nothing means the default.
public struct DataSourceReference: Sendable, Equatable {
  public var type: String?
  /// A uid or a name.
  public var name: String?

  public init(type: String? = nil, name: String?) {
    self.type = type
    self.name = name
  }

  public init?(_ json: JSONValue) {
    switch json {
    case .string(let name): self.init(name: name)
    case .object(let object): self.init(type: object["type"]?.string, name: object["uid"]?.string)
    default: return nil
    }
  }
}
