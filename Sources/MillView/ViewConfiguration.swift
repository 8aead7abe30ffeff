import MillBase

/// Judges the files of this room without running anything: for `millrace check`.
public enum ViewConfiguration {
  /// All problems of the files. Those with the code `.viewWarning` are parts that Millrace leaves out (panel types
  /// that it does not draw, contact points that it does not send to); the files work without them.
  ///
  /// - Parameters:
  ///   - dashboards: dashboard JSON files; their errors name the JSON path.
  ///   - alerting: alerting YAML files, judged together; their errors name the line.
  ///   - dataSources: what the panels and rules may name; nil = not looked at.
  ///   - environment: where `$VAR` in alerting files is looked up.
  public static func check(
    dashboards: [String] = [], alerting: [String] = [], dataSources: [DataSource]? = nil,
    environment: @Sendable (String) -> String? = EnvironmentExpansion.process
  ) -> [MillError] {
    var problems: [MillError] = []
    let sources = dataSources.map { DataSources(all: $0) }
    var uids: [String: String] = [:]
    for file in dashboards {
      problems += Dashboard.check(file)
      guard let dashboard = try? Dashboard.load(file) else { continue }
      if let earlier = uids.updateValue(file, forKey: dashboard.uid) {
        problems.append(
          MillError(
            .configuration, "uid '\(dashboard.uid)' is also the one of \(earlier)", at: .init(file: file, key: "$.uid"),
            wayOut: "give each dashboard its own uid"))
      }
      for panel in dashboard.panels { problems += check(panel, file: file, sources) }
    }
    if !alerting.isEmpty { problems += check(alerting: alerting, sources, environment) }
    return problems
  }

  private static func check(_ panel: Panel, file: String, _ sources: DataSources?) -> [MillError] {
    var problems: [MillError] = []
    func report(_ code: MillError.Code, _ message: String, _ key: String, wayOut: String? = nil) {
      problems.append(MillError(code, message, at: .init(file: file, key: "\(panel.path)\(key)"), wayOut: wayOut))
    }
    if !panel.type.isEmpty, !Panel.drawnTypes.contains(panel.type) {
      report(.viewWarning, "panels of type '\(panel.type)' are not drawn: '\(panel.title)' is an empty box", ".type")
    }
    for (index, target) in panel.targets.enumerated() where !target.isEmpty {
      let place = ".targets[\(index)]"
      if let sources, sources.find(target.datasource ?? panel.datasource) == nil {
        let name = (target.datasource ?? panel.datasource)?.name ?? "default"
        report(
          .configuration, "there is no data source '\(name)'", place,
          wayOut: "known: " + (sources.all.isEmpty ? "none" : sources.all.map(\.uid).joined(separator: ", ")))
      }
      if let query = target.rawQuery {
        do { try StatementGuard.check(query) } catch let error as MillError {
          report(.configuration, error.message, "\(place).query", wayOut: error.wayOut)
        } catch { report(.configuration, "\(error)", "\(place).query") }
      }
    }
    return problems
  }

  private static func check(
    alerting: [String], _ sources: DataSources?, _ environment: @Sendable (String) -> String?
  ) -> [MillError] {
    do {
      let (rules, problems) = try AlertRules.read(alerting, environment: environment)
      var all = problems + rules.warnings
      for rule in rules.rules {
        for step in rule.steps {
          guard case .query(let target, _, _, _) = step.kind, let sources, sources.find(target.datasource) == nil else {
            continue
          }
          all.append(
            MillError(
              .configuration,
              "rule '\(rule.title)', \(step.refId): there is no data source '\(target.datasource?.name ?? "")'",
              at: .init(file: alerting.first), wayOut: "known: \(sources.all.map(\.uid).joined(separator: ", "))"))
        }
      }
      return all
    } catch {
      return [error as? MillError ?? MillError(.configuration, "\(error)")]
    }
  }
}
