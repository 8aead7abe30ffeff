import MillBase

/// One query of a panel or of an alert rule, in InfluxQL: raw text or what Grafana's query builder stored.
public struct Target: Sendable {
  public struct Part: Sendable, Equatable {
    public var type: String
    public var parameters: [String]
    public init(_ type: String, _ parameters: String...) {
      self.type = type
      self.parameters = parameters
    }
    init(type: String, parameters: [String]) {
      self.type = type
      self.parameters = parameters
    }
  }
  public struct Tag: Sendable, Equatable {
    public var key: String
    public var value: String
    /// `=`, `!=`, `<>`, `<`, `>`, `<=`, `>=`, `=~`, `!~`, `Is`, `Is Not`; empty = chosen by the value.
    public var comparison = ""
    /// `AND` or `OR`, joins it to the tag before it.
    public var condition = ""
    public init(_ key: String, _ comparison: String, _ value: String, condition: String = "") {
      self.key = key
      self.comparison = comparison
      self.value = value
      self.condition = condition
    }
  }

  public var refId = "A"
  public var isHidden = false
  public var datasource: DataSourceReference?
  /// The text that the user wrote; nil when the builder's parts below say what to ask.
  public var rawQuery: String?
  /// `time_series`, `table` or `logs`.
  public var resultFormat = "time_series"
  public var alias = ""
  public var policy = ""
  public var measurement = ""
  public var select: [[Part]] = []
  public var groupBy: [Part] = []
  public var tags: [Tag] = []
  /// `ASC`, `DESC` or empty.
  public var orderByTime = ""
  public var limit = ""
  public var seriesLimit = ""
  public var timezone = ""

  public init() {}

  /// Raw InfluxQL.
  public init(_ query: String, refId: String = "A") {
    rawQuery = query
    self.refId = refId
  }

  init(_ json: JSONCursor) {
    refId = json.text("refId") ?? "A"
    isHidden = json.bool("hide") ?? false
    datasource = json["datasource"].flatMap { DataSourceReference($0.value) }
    resultFormat = json.string("resultFormat") ?? "time_series"
    alias = json.string("alias") ?? ""
    policy = json.string("policy") ?? ""
    measurement = json.string("measurement") ?? ""
    select = json.items("select").map { parts in parts.elements.map { Part($0) } }
    groupBy = json.objects("groupBy").map { Part($0) }
    tags = json.objects("tags").map { tag in
      Tag(
        tag.text("key") ?? "", tag.text("operator") ?? "", tag.text("value") ?? "",
        condition: tag.text("condition") ?? "")
    }
    orderByTime = json.string("orderByTime") ?? ""
    limit = json.text("limit") ?? ""
    seriesLimit = json.text("slimit") ?? ""
    timezone = json.string("tz") ?? ""
    let text = json.string("query") ?? ""
    // Text counts when the editor is in raw mode, or when the builder has nothing to say.
    if !text.isEmpty, json.bool("rawQuery") ?? false || measurement.isEmpty || select.isEmpty { rawQuery = text }
  }

  /// Nothing to ask: Grafana sends such targets nowhere.
  public var isEmpty: Bool { rawQuery == nil && (select.isEmpty || measurement.isEmpty) }
}

extension Target.Part {
  init(_ json: JSONCursor) {
    self.init(type: json.string("type") ?? "", parameters: json.items("params").compactMap(\.value.scalarText))
    if !InfluxQLBuilder.knows(type) {
      json.report("'\(type)' is no part of a query", wayOut: "use a function of InfluxQL, field, tag, math or alias")
    }
  }
}
