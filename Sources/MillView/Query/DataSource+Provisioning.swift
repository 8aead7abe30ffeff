import MillBase

extension DataSource {
  /// Reads `<provisioning>/datasources/*.yaml` of Grafana ("Provision Grafana", data sources).
  ///
  /// - Parameter environment: where `$VAR` is looked up; the process's environment by default.
  /// - Returns: the data sources of type influxdb in InfluxQL mode, and warnings about the others.
  /// - Throws: `MillError.configuration` with file and line.
  public static func load(
    _ file: String, environment: @Sendable (String) -> String? = EnvironmentExpansion.process
  ) throws -> (dataSources: [DataSource], warnings: [MillError]) {
    let root = try YAMLNode(parsing: Files.readText(file, limit: 1 << 20), file: file)
    guard let list = root["datasources"]?.items else {
      throw root.error("a data source file has a list 'datasources'", wayOut: "see Grafana's 'Provision Grafana'")
    }
    var dataSources: [DataSource] = []
    var warnings: [MillError] = []
    for node in list {
      func text(_ key: String, in parent: YAMLNode? = nil) -> String? {
        (parent ?? node)[key]?.string.map { EnvironmentExpansion.expand($0, environment).text }
      }
      let name = text("name") ?? ""
      guard !name.isEmpty else { throw node.error("a data source has no name") }
      guard text("type") == "influxdb" else {
        warnings.append(
          (node["type"] ?? node).warning(
            "data source '\(name)' of type '\(text("type") ?? "")' is skipped: only influxdb"))
        continue
      }
      let json = node["jsonData"]
      let secure = node["secureJsonData"]
      if let version = json?["version"]?.string, version != "InfluxQL" {
        warnings.append(
          json!["version"]!.warning("data source '\(name)' is skipped: its language is \(version), only InfluxQL"))
        continue
      }
      guard let url = text("url"), url.hasPrefix("http://") || url.hasPrefix("https://") else {
        throw (node["url"] ?? node).error(
          "data source '\(name)' needs a url", wayOut: "write url: http://127.0.0.1:8086")
      }
      guard let database = json.flatMap({ text("dbName", in: $0) }) ?? text("database"), !database.isEmpty else {
        throw node.error("data source '\(name)' names no database", wayOut: "write jsonData: {dbName: …}")
      }
      let credentials: Credentials
      if let secure, let value = text("httpHeaderValue1", in: secure), !value.isEmpty {
        let headerName = json.flatMap { text("httpHeaderName1", in: $0) } ?? "Authorization"
        credentials = .header(name: headerName, value: value)
      } else if let user = text("basicAuthUser"), !user.isEmpty {
        credentials = .basic(user: user, password: secure.flatMap { text("basicAuthPassword", in: $0) } ?? "")
      } else {
        let user = text("user") ?? ""
        let password = secure.flatMap { text("password", in: $0) } ?? text("password") ?? ""
        credentials = user.isEmpty && password.isEmpty ? .none : .basic(user: user, password: password)
      }
      dataSources.append(
        DataSource(
          name: name, uid: text("uid") ?? name, url: url, database: database, credentials: credentials,
          isDefault: node["isDefault"]?.bool ?? false,
          usesPost: json.flatMap { text("httpMode", in: $0) }?.uppercased() == "POST",
          timeInterval: json.flatMap { text("timeInterval", in: $0) } ?? "",
          seriesMax: json?["maxSeries"]?.integer ?? 1000))
    }
    return (dataSources, warnings)
  }
}

extension YAMLNode {
  /// Something that is skipped or has no effect: reported, but no reason to stop.
  func warning(_ message: String) -> MillError {
    MillError(.viewWarning, message, at: .init(file: file, line: line))
  }
}

extension MillError.Code {
  /// Part of a Grafana file that Millrace leaves out; the rest of the file works.
  public static let viewWarning = MillError.Code("warning")
}
