import MillBase

/// A Grafana dashboard, read from its JSON model ("Dashboard JSON model", grafana.com).
///
/// Keys that Millrace does not know stay in ``json`` and do no harm.
public struct Dashboard: Sendable {
  /// At most 40 characters; made from the file's name when the model has none.
  public var uid: String
  public var title: String
  public var tags: [String]
  /// `browser`, `utc`, or a zone's name; empty means browser.
  public var timezone: String
  /// The range shown first, as Grafana writes it: `now-6h` … `now`.
  public var from: String
  public var to: String
  /// `5s`; empty when the page does not refresh by itself.
  public var refresh: String
  /// In the order of the file; those of collapsed rows included.
  public var panels: [Panel]
  public var variables: [Variable]
  /// The model as the page gets it: with `uid` filled in, otherwise as in the file.
  public var json: JSONValue
  /// The file it came from.
  public var file: String?

  /// Reads a dashboard file: the bare model, or wrapped as Grafana's HTTP API returns it.
  ///
  /// - Throws: `MillError.configuration` naming the file and the JSON path, `.notFound` when there is no such file.
  public static func load(_ file: String) throws -> Dashboard {
    let (dashboard, problems) = try read(file)
    if let first = problems.first { throw first }
    return dashboard
  }

  /// All problems of a dashboard file, not just the first.
  public static func check(_ file: String) -> [MillError] {
    do {
      return try read(file).problems
    } catch let error as MillError {
      return [error]
    } catch {
      return [MillError(.configuration, "\(error)", at: .init(file: file))]
    }
  }

  private static func read(_ file: String) throws -> (dashboard: Dashboard, problems: [MillError]) {
    let json: JSONValue
    do {
      json = try JSONValue(parsing: Files.read(file, limit: fileLimit), file: file)
    } catch var error as MillError where error.code == .badInput {
      error.code = .configuration
      throw error
    }
    return parse(json, file: file)
  }

  /// Bytes of a dashboard file.
  static let fileLimit = 16 << 20

  /// The dashboard as far as it can be read, and what is wrong with the rest.
  static func parse(_ document: JSONValue, file: String?) -> (dashboard: Dashboard, problems: [MillError]) {
    // GET /api/dashboards/uid/… wraps the model in "dashboard", the newer API in "spec".
    let model = document["dashboard"] ?? (document["apiVersion"] != nil ? document["spec"] : nil) ?? document
    let root = JSONCursor(model, file: file)
    guard model.object != nil else {
      root.report("a dashboard is a JSON object, this is \(root.kind)")
      return (Dashboard(root: root, file: file), root.problems.errors)
    }
    if root["title"] == nil, root["panels"] == nil, root["rows"] == nil {
      root.report(
        "this is no dashboard: neither title nor panels",
        wayOut: "export it in Grafana with Share → Export → Save to file")
    }
    let dashboard = Dashboard(root: root, file: file)
    return (dashboard, root.problems.errors)
  }

  init(root: JSONCursor, file: String?) {
    let fileName = file.map { Files.split($0).name.split(separator: ".").first.map(String.init) ?? $0 } ?? "dashboard"
    title = root.string("title") ?? fileName
    let givenUid = root.string("uid") ?? ""
    uid = givenUid.isEmpty ? String(Self.slug(title).prefix(40)) : givenUid
    if uid.utf8.count > 40 { root["uid"]?.report("a uid has at most 40 characters") }
    tags = root.items("tags").compactMap(\.value.string)
    timezone = root.string("timezone") ?? ""
    from = root["time"]?.text("from") ?? "now-6h"
    to = root["time"]?.text("to") ?? "now"
    for (key, text) in [("from", from), ("to", to)] where (try? TimePoint(text)) == nil {
      root["time"]?[key]?.report("'\(text)' is no time", wayOut: "write it as now-6h, now/d or 2024-01-31T00:00:00Z")
    }
    // Very old exports have `"refresh": false`.
    refresh = root["refresh"]?.value.string ?? ""
    if !refresh.isEmpty, refresh != "auto", Span(refresh) == nil {
      root["refresh"]?.report("'\(refresh)' is no interval", wayOut: "write it as 5s or 1m")
    }
    panels = root.objects("panels").flatMap { panel in [panel] + panel.objects("panels") }.map { Panel($0) }
    variables = (root["templating"]?.objects("list") ?? []).map { Variable($0) }
    self.file = file
    var object = root.value.object ?? JSONValue.Object()
    object["uid"] = .string(uid)
    object["title"] = .string(title)
    if object["panels"] == nil, let rows = object["rows"]?.array { object["panels"] = Self.panels(fromRows: rows) }
    json = .object(object)
    Self.reportTwins(in: root)
  }

  /// Grafana draws only one of two panels with the same id.
  private static func reportTwins(in root: JSONCursor) {
    var seen: [Int64: String] = [:]
    for panel in root.items("panels").flatMap({ [$0] + $0.items("panels") }) {
      guard let id = panel.value["id"]?.integer else { continue }
      if let earlier = seen[id] {
        panel.report("panel id \(id) is taken by \(earlier)", wayOut: "give each panel an id of its own")
      }
      seen[id] = panel.path
    }
  }

  /// Dashboards before schema version 16 have rows of panels with a width of 12 `span`s instead of a grid.
  private static func panels(fromRows rows: [JSONValue]) -> JSONValue {
    var panels: [JSONValue] = []
    var y: Int64 = 0
    for row in rows {
      let pixels = row["height"]?.double ?? row["height"]?.string.flatMap { Double($0.prefix { $0.isNumber }) } ?? 250
      let height = Int64(max(3, (pixels / 30).rounded(.up)))
      var x: Int64 = 0
      for case .object(var panel) in row["panels"]?.array ?? [] {
        let width = Int64(((panel["span"]?.double ?? 4) * 2).rounded())
        if x + width > 24 { (x, y) = (0, y + height) }
        panel["gridPos"] = ["x": .integer(x), "y": .integer(y), "w": .integer(width), "h": .integer(height)]
        panels.append(.object(panel))
        x += width
      }
      y += height
    }
    return .array(panels)
  }

  /// The end of the page's address, `/d/<uid>/<slug>`: made as Grafana makes it, but only of ASCII.
  public var slug: String { Self.slug(title) }

  static func slug(_ text: String) -> String {
    var slug = ""
    for character in text.lowercased() {
      if character.isASCII, character.isLetter || character.isNumber {
        slug.append(character)
      } else if !slug.hasSuffix("-"), !slug.isEmpty {
        slug.append("-")
      }
    }
    while slug.hasSuffix("-") { slug.removeLast() }
    return slug.isEmpty ? "dashboard" : slug
  }

  /// The page's path, as Grafana writes it.
  public var path: String { "/d/\(uid)/\(slug)" }
}
