import MillBase

/// Finds the options of a dashboard's variables, and puts the selected values into a query's scope.
struct VariableResolver {
  let runner: QueryRunner
  let now: Int64

  /// Options of one variable that are kept.
  static let optionsMax = 1000

  /// `GET /api/dashboards/uid/:uid/variables?from=&to=&var-x=`: what the page's menus offer.
  func options(of dashboard: Dashboard, _ request: HTTPRequest) throws -> JSONValue {
    let range = try TimeRange(
      from: request.parameter("from") ?? dashboard.from, to: request.parameter("to") ?? dashboard.to, now: now)
    var scope = QueryScope(range: range, step: Span.step(for: range, maxDataPoints: 100, minimum: nil))
    var list: [JSONValue] = []
    // In their order: a later one may use what an earlier one selected.
    for variable in dashboard.variables {
      var problem: String?
      var options = variable.options
      do {
        options = try values(of: variable, scope)
      } catch {
        problem = "\(error)"
      }
      let asked = request.query.filter { $0.name == "var-\(variable.name)" }.map(\.value)
      let selected = selection(of: variable, asked: asked, options: options)
      scope.variables[variable.name] = expandAll(selected, variable, options)
      if selected == [Variable.all], !variable.allValue.isEmpty { scope.rawVariables.insert(variable.name) }
      list.append([
        "name": .string(variable.name), "label": .string(variable.label.isEmpty ? variable.name : variable.label),
        "type": .string(variable.type), "multi": .bool(variable.isMulti), "hide": .integer(Int64(variable.hide)),
        "includeAll": .bool(variable.includesAll), "current": .array(selected.map { .string($0) }),
        "options": .array(options.map { ["text": .string($0.text), "value": .string($0.value)] }),
        "error": problem.map { .string($0) } ?? .null,
      ])
    }
    return .array(list)
  }

  /// - Parameter selected: `{name: [values]}` from the page; what is missing keeps its stored selection.
  func fill(_ scope: inout QueryScope, for dashboard: Dashboard, selected: JSONValue?) throws {
    for variable in dashboard.variables {
      let asked = selected?[variable.name]
      let values = asked?.array?.compactMap(\.scalarText) ?? asked?.scalarText.map { [$0] } ?? variable.current
      var resolved = values
      if values == [Variable.all] {
        let options = variable.allValue.isEmpty ? try self.values(of: variable, scope) : []
        resolved = expandAll(values, variable, options)
      }
      // "auto" of an interval variable is the panel's own step.
      if variable.type == "interval", let first = resolved.first, first == "auto" || first.hasPrefix("$__auto_interval")
      {
        resolved = [scope.step.influxText]
      }
      scope.variables[variable.name] = resolved
      if values == [Variable.all], !variable.allValue.isEmpty { scope.rawVariables.insert(variable.name) }
    }
  }

  private func values(of variable: Variable, _ scope: QueryScope) throws -> [Variable.Option] {
    guard variable.type == "query", !variable.query.isEmpty else { return variable.options }
    var target = Target(variable.query)
    target.datasource = variable.datasource
    let found = try runner.run(target, scope).flatMap { frame -> [String] in
      // SELECT answers a time column as well; the values are in the last one.
      guard case .strings(let list)? = frame.fields.last?.values else { return [] }
      return list.compactMap { $0 }
    }
    return Array(variable.options(fromValues: found).prefix(Self.optionsMax))
  }

  private func selection(of variable: Variable, asked: [String], options: [Variable.Option]) -> [String] {
    if !asked.isEmpty { return asked }
    let known = Set(options.map(\.value))
    let stored = variable.current.filter { $0 == Variable.all || known.isEmpty || known.contains($0) }
    return stored.isEmpty ? options.first.map { [$0.value] } ?? [] : stored
  }

  private func expandAll(_ selected: [String], _ variable: Variable, _ options: [Variable.Option]) -> [String] {
    guard selected == [Variable.all] else { return selected }
    if !variable.allValue.isEmpty { return [variable.allValue] }
    return options.isEmpty ? selected : options.map(\.value)
  }
}
