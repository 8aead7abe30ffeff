import MillBase

extension AlertRules {
  /// Reads files of Grafana's alerting provisioning (`<provisioning>/alerting/*.yaml`, also JSON); their parts are
  /// put together.
  ///
  /// - Parameter environment: where `$VAR` is looked up; the process's environment by default.
  /// - Throws: `MillError.configuration` with file and line.
  public static func load(
    _ files: String..., environment: @Sendable (String) -> String? = EnvironmentExpansion.process
  ) throws -> AlertRules {
    try load(files: files, environment: environment)
  }

  public static func load(
    files: [String], environment: @Sendable (String) -> String? = EnvironmentExpansion.process
  ) throws -> AlertRules {
    let (rules, problems) = try read(files, environment: environment)
    if let first = problems.first { throw first }
    return rules
  }

  /// Bytes of an alerting file.
  static let fileLimit = 4 << 20

  /// What can be read, and all that can't.
  static func read(
    _ files: [String], environment: @Sendable (String) -> String?
  ) throws -> (rules: AlertRules, problems: [MillError]) {
    try withoutActuallyEscaping(environment) { environment in
      var reader = AlertFileReader(environment: environment)
      for file in files {
        do {
          reader.read(try YAMLNode(parsing: Files.readText(file, limit: fileLimit), file: file))
        } catch let error as MillError {
          reader.problems.append(error)
        }
      }
      reader.checkReferences()
      return (reader.rules, reader.problems)
    }
  }
}

/// Reads one file after the other; goes on behind a problem, so that one run finds all of them.
struct AlertFileReader {
  let environment: (String) -> String?
  var rules = AlertRules()
  var problems: [MillError] = []
  private var ruleLines: [String: YAMLNode] = [:]
  private var receiverUses: [(name: String, node: YAMLNode)] = []

  init(environment: @escaping (String) -> String?) { self.environment = environment }

  mutating func read(_ root: YAMLNode) {
    for (key, line, value) in root.pairs ?? [] {
      switch key {
      case "apiVersion":
        if value.integer != 1 { problems.append(value.error("apiVersion is 1 for all that Grafana reads")) }
      case "groups": for group in list(value) { attempt { try $0.readGroup(group) } }
      case "contactPoints": for point in list(value) { attempt { try $0.readContactPoint(point) } }
      case "policies": for node in list(value) { attempt { try $0.readRootPolicy(node) } }
      case "deleteRules", "deleteContactPoints", "deleteTemplates", "deleteMuteTimes", "resetPolicies": break
      case "templates", "muteTimes":
        rules.warnings.append(value.warning("\(key) have no effect here"))
      default:
        problems.append(
          MillError(
            .configuration, "'\(key)' is no part of an alerting file", at: .init(file: root.file, line: line),
            wayOut: "known: groups, contactPoints, policies, templates, muteTimes"))
      }
    }
  }

  private mutating func list(_ node: YAMLNode) -> [YAMLNode] {
    if node.isNull { return [] }
    if let items = node.items { return items }
    problems.append(node.error("expected a list"))
    return []
  }

  private mutating func attempt(_ body: (inout AlertFileReader) throws -> Void) {
    do { try body(&self) } catch {
      problems.append(error as? MillError ?? MillError(.configuration, "\(error)"))
    }
  }

  // MARK: Values

  func expand(_ text: String) -> String { EnvironmentExpansion.expand(text, environment).text }

  func text(_ node: YAMLNode, _ key: String) -> String? { node[key]?.string.map(expand) }

  func required(_ node: YAMLNode, _ key: String, of what: String) throws -> String {
    guard let text = text(node, key), !text.trimmingSpaces().isEmpty else {
      throw (node[key] ?? node).error("\(what) needs '\(key)'")
    }
    return text
  }

  func duration(_ node: YAMLNode, _ key: String) throws -> Int64? {
    guard let value = node[key], let text = text(node, key), !text.isEmpty else { return nil }
    guard let span = Span(text), text.contains(where: \.isLetter) || span.milliseconds == 0 else {
      throw value.error("'\(text)' is no duration", wayOut: "write it as 10s, 5m or 1h30m")
    }
    return span.milliseconds
  }

  // MARK: Rules

  private mutating func readGroup(_ node: YAMLNode) throws {
    let name = try required(node, "name", of: "a rule group")
    let folder = try required(node, "folder", of: "rule group '\(name)'")
    guard let interval = try duration(node, "interval"), interval >= 1000 else {
      throw (node["interval"] ?? node).error("rule group '\(name)' needs an interval of 1s or more")
    }
    for rule in list(node["rules"] ?? node) {
      attempt { reader in
        let read = try reader.rule(rule, folder: folder, group: name, interval: interval)
        if let earlier = reader.ruleLines[read.uid] {
          throw rule.error(
            "rule uid '\(read.uid)' is taken by line \(earlier.line)", wayOut: "give each rule its own uid")
        }
        reader.ruleLines[read.uid] = rule
        reader.rules.rules.append(read)
      }
    }
  }

  private mutating func rule(_ node: YAMLNode, folder: String, group: String, interval: Int64) throws -> AlertRule {
    let title = try required(node, "title", of: "an alert rule")
    let what = "rule '\(title)'"
    let uid = try required(node, "uid", of: what)
    if let record = node["record"] { throw record.error("\(what) is a recording rule, which is not evaluated here") }
    var rule = AlertRule(
      uid: uid, title: title, folder: folder, group: group, intervalMs: interval,
      condition: try required(node, "condition", of: what), steps: [])
    rule.pendingMs = try duration(node, "for") ?? 0
    rule.keepFiringMs = try duration(node, "keepFiringFor") ?? duration(node, "keep_firing_for") ?? 0
    rule.missingEvaluations = node["missing_series_evals_to_resolve"]?.integer ?? 2
    rule.noData = try fallback(node, "noDataState", own: "NoData") ?? .own
    rule.failure = try fallback(node, "execErrState", own: "Error") ?? .alerting
    rule.isPaused = node["isPaused"]?.bool ?? false
    rule.dashboardUid = text(node, "dashboardUid") ?? ""
    rule.panelId = node["panelId"]?.integer.map(Int64.init)
    for (key, _, value) in node["annotations"]?.pairs ?? [] {
      rule.annotations.append((key, expandBraced(value.string ?? "")))
      warn(aboutTemplate: rule.annotations.last!.value, at: value)
    }
    for (key, _, value) in node["labels"]?.pairs ?? [] {
      rule.labels.append((key, expandOutsideTemplates(value.string ?? "")))
      warn(aboutTemplate: rule.labels.last!.value, at: value)
    }
    for step in list(node["data"] ?? node) { rule.steps.append(try AlertStepReader(reader: self).step(step)) }
    try AlertStepReader.checkReferences(in: rule, at: node)
    if let settings = node["notification_settings"], !settings.isNull {
      rule.route = try policy(settings, parent: nil, path: "{__rule_uid__=\"\(uid)\"}")
    }
    return rule
  }

  private mutating func warn(aboutTemplate text: String, at node: YAMLNode) {
    for expression in AlertTemplate.unknown(in: text) {
      rules.warnings.append(node.warning("'{{ \(expression) }}' is not understood here and stays as it is"))
    }
  }

  private func fallback(_ node: YAMLNode, _ key: String, own: String) throws -> AlertRule.Fallback? {
    guard let value = node[key], let text = text(node, key), !text.isEmpty else { return nil }
    switch text {
    case own: return .own
    case "Alerting": return .alerting
    case "OK", "Ok": return .ok
    case "KeepLast": return .keepLast
    default: throw value.error("\(key) '\(text)' is not known", wayOut: "use \(own), Alerting, OK or KeepLast")
    }
  }

  /// In annotations Grafana expands `${VAR}` only, so that `$labels` stays.
  private func expandBraced(_ text: String) -> String {
    Interpolation.expand(text) { name, format, _ in
      text.contains("${\(name)}") && format.isEmpty && !Self.templateNames.contains(name)
        ? environment(name) ?? "" : nil
    }
  }

  private func expandOutsideTemplates(_ text: String) -> String {
    EnvironmentExpansion.expand(text) { name in Self.templateNames.contains(name) ? "$\(name)" : environment(name) }
      .text
  }

  private static let templateNames: Set<String> = ["labels", "values", "value"]

  // MARK: Contact points and policies

  private mutating func readContactPoint(_ node: YAMLNode) throws {
    let name = try required(node, "name", of: "a contact point")
    var receivers: [ContactPoint.Receiver] = []
    for receiver in list(node["receivers"] ?? node) {
      let type = try required(receiver, "type", of: "a receiver of contact point '\(name)'")
      let uid = text(receiver, "uid") ?? name
      let skipsResolved = receiver["disableResolveMessage"]?.bool ?? false
      switch type {
      case "webhook":
        guard let webhook = try webhook(receiver, contactPoint: name) else { continue }
        receivers.append(.init(uid: uid, kind: .webhook(webhook), skipsResolved: skipsResolved))
      case "log": receivers.append(.init(uid: uid, kind: .log, skipsResolved: skipsResolved))
      default:
        rules.warnings.append(
          (receiver["type"] ?? receiver).warning(
            "contact point '\(name)': type '\(type)' is skipped, only webhook and log are sent from here"))
      }
    }
    // Several entries of the same name are one contact point.
    if let index = rules.contactPoints.firstIndex(where: { $0.name == name }) {
      rules.contactPoints[index].receivers += receivers
    } else {
      rules.contactPoints.append(ContactPoint(name: name, receivers: receivers))
    }
  }

  private mutating func webhook(_ receiver: YAMLNode, contactPoint: String) throws -> ContactPoint.Webhook? {
    guard let settings = receiver["settings"] else { throw receiver.error("a webhook needs settings: {url: …}") }
    let url = text(settings, "url") ?? ""
    if url.isEmpty {
      let written = settings["url"]?.string ?? ""
      let reason = written.isEmpty ? "it has no url" : "\(written) is not set in the environment"
      rules.warnings.append(
        (settings["url"] ?? settings).warning("contact point '\(contactPoint)': the webhook is off, \(reason)"))
      return nil
    }
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
      throw settings["url"]!.error("the webhook's url must begin with http:// or https://")
    }
    var webhook = ContactPoint.Webhook(url: url)
    webhook.method = text(settings, "httpMethod")?.uppercased() ?? "POST"
    guard webhook.method == "POST" || webhook.method == "PUT" else {
      throw settings["httpMethod"]!.error("httpMethod is POST or PUT")
    }
    webhook.alertsMax = text(settings, "maxAlerts").flatMap { Int($0) } ?? 0
    let secure = receiver["secureSettings"]
    func secret(_ key: String) -> String? { text(settings, key) ?? secure.flatMap { text($0, key) } }
    if let user = secret("username"), !user.isEmpty {
      let password = secret("password") ?? ""
      Secrets.register(password)
      webhook.headers["Authorization"] = "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
    } else if let credentials = secret("authorization_credentials"), !credentials.isEmpty {
      Secrets.register(credentials)
      webhook.headers["Authorization"] = "\(text(settings, "authorization_scheme") ?? "Bearer") \(credentials)"
    }
    // Chat services put the secret into the path; short paths are no secret and would garble the log.
    if let path = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).dropFirst(3).first,
      path.utf8.count >= 16
    {
      Secrets.register(String(path))
    }
    return webhook
  }

  private mutating func readRootPolicy(_ node: YAMLNode) throws {
    if rules.policy != nil {
      throw node.error("a second policy tree", wayOut: "a tree replaces the whole: keep one for all files")
    }
    rules.policy = try policy(node, parent: nil, path: "{}")
  }

  private mutating func policy(_ node: YAMLNode, parent: NotificationPolicy?, path: String) throws -> NotificationPolicy
  {
    let receiver = text(node, "receiver") ?? parent?.receiver ?? ""
    guard !receiver.isEmpty else { throw node.error("a notification policy needs 'receiver'") }
    if let named = node["receiver"] { receiverUses.append((receiver, named)) }
    var policy = NotificationPolicy(receiver: receiver)
    if let parent {
      policy.groupBy = parent.groupBy
      policy.groupWaitMs = parent.groupWaitMs
      policy.groupIntervalMs = parent.groupIntervalMs
      policy.repeatIntervalMs = parent.repeatIntervalMs
    }
    if let names = node["group_by"]?.items { policy.groupBy = names.compactMap(\.string) }
    policy.groupWaitMs = try duration(node, "group_wait") ?? policy.groupWaitMs
    policy.groupIntervalMs = try duration(node, "group_interval") ?? policy.groupIntervalMs
    policy.repeatIntervalMs = try duration(node, "repeat_interval") ?? policy.repeatIntervalMs
    policy.continues = node["continue"]?.bool ?? false
    for key in ["mute_time_intervals", "active_time_intervals"] {
      if let muted = node[key], muted.items?.isEmpty == false {
        rules.warnings.append(muted.warning("\(key) have no effect here"))
      }
    }
    for item in list(node["matchers"] ?? Self.nothing(node)) { policy.matchers.append(try Self.matcher(item)) }
    for item in list(node["object_matchers"] ?? Self.nothing(node)) {
      let parts = item.items?.compactMap(\.string) ?? []
      guard parts.count == 3, let comparison = NotificationPolicy.Matcher.Comparison(rawValue: parts[1]) else {
        throw item.error("an object matcher is [label, operator, value]")
      }
      policy.matchers.append(.init(label: parts[0], comparison: comparison, value: parts[2]))
    }
    policy.path = path + policy.matchers.map { "/{\($0.label)\($0.comparison.rawValue)\"\($0.value)\"}" }.joined()
    for (index, route) in list(node["routes"] ?? Self.nothing(node)).enumerated() {
      policy.routes.append(try self.policy(route, parent: policy, path: "\(policy.path)/\(index)"))
    }
    return policy
  }

  /// An empty list at the place of a missing key.
  private static func nothing(_ node: YAMLNode) -> YAMLNode {
    var empty = node
    empty.content = .sequence([])
    return empty
  }

  /// `severity = critical`, `team =~ "a|b"`
  private static func matcher(_ node: YAMLNode) throws -> NotificationPolicy.Matcher {
    let pattern = /\s*([^=!~\s]+)\s*(=~|!~|!=|=)\s*(.*?)\s*/
    guard let text = node.string, let match = text.wholeMatch(of: pattern)?.output else {
      throw node.error("a matcher is written as label = value")
    }
    var value = String(match.3)
    if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = String(value.dropFirst().dropLast()) }
    return .init(label: String(match.1), comparison: .init(rawValue: String(match.2))!, value: value)
  }

  /// Policies may name contact points of any file.
  mutating func checkReferences() {
    let known = Set(rules.contactPoints.map(\.name))
    for (name, node) in receiverUses where !known.contains(name) {
      problems.append(
        node.error(
          "there is no contact point '\(name)'",
          wayOut: "known: " + (known.isEmpty ? "none" : known.sorted().joined(separator: ", "))))
    }
  }
}
