import MillBase
import Synchronization

/// Evaluates alert rules on their intervals, keeps their state on disk, and sends notifications.
///
/// Two threads: one asks and judges, the other delivers, so that a slow webhook delays no rule. Every change of state
/// is a line in the log as well. A notification is sent at least once: it is written down before it is sent, and
/// forgotten after the receiver took it; only a crash between the two repeats it, with the same fingerprint and
/// start, by which a receiver knows it.
public final class AlertEvaluator: Sendable {
  typealias Send = @Sendable (ContactPoint.Webhook, [UInt8]) throws -> HTTPResponse

  let rules: AlertRules
  let state: Mutex<AlertState>
  let externalURL: String
  let send: Send
  private let ask: RuleEvaluation.Ask
  private let stateFile: String?
  private let clock: @Sendable () -> Int64
  private let workers = Mutex<[Worker]>([])
  /// Held while the state goes to disk, so that an older state never overwrites a newer one.
  private let saving = Mutex(())
  private let evaluations: Metrics.Counter
  private let failures: Metrics.Counter
  private let firing: Metrics.Gauge
  let delivered: Metrics.Counter
  let undelivered: Metrics.Counter

  /// - Parameters:
  ///   - stateFile: where the state is kept; nil keeps it in memory only.
  ///   - externalURL: the page's address, for links in notifications: `http://127.0.0.1:3000/`.
  public convenience init(
    rules: AlertRules, dataSources: [DataSource], stateFile: String?, externalURL: String = "",
    metrics: Metrics = .shared
  ) {
    let runner = QueryRunner(dataSources, metrics: metrics)
    var options = HTTPClient.Options()
    options.timeout = .seconds(30)
    options.bodyLimit = 1 << 20
    let client = HTTPClient(options: options)
    self.init(
      rules: rules, stateFile: stateFile, externalURL: externalURL, metrics: metrics,
      ask: { target, range, maxDataPoints in
        let step = runner.step(for: range, maxDataPoints: maxDataPoints, interval: "1s", datasource: target.datasource)
        return try runner.run(target, QueryScope(range: range, step: step))
      },
      send: { webhook, body in
        var headers = webhook.headers
        headers["Content-Type"] = "application/json"
        return try client.send(HTTPRequest(webhook.method, webhook.url, headers: headers, body: body))
      })
  }

  init(
    rules: AlertRules, stateFile: String?, externalURL: String = "", metrics: Metrics = Metrics(),
    clock: @escaping @Sendable () -> Int64 = { Clock.nowMilliseconds() }, ask: @escaping RuleEvaluation.Ask,
    send: @escaping Send
  ) {
    self.rules = rules
    self.stateFile = stateFile
    self.externalURL = externalURL
    self.clock = clock
    self.ask = ask
    self.send = send
    var loaded = stateFile.map(AlertState.load) ?? AlertState()
    let known = Set(rules.rules.map(\.uid))
    loaded.instances = loaded.instances.filter { known.contains($0.key) }
    loaded.lastEvaluation = loaded.lastEvaluation.filter { known.contains($0.key) }
    state = Mutex(loaded)
    evaluations = metrics.counter("millrace_view_alert_evaluations_total", help: "Evaluations of alert rules.")
    failures = metrics.counter("millrace_view_alert_evaluation_errors_total", help: "Evaluations that failed.")
    firing = metrics.gauge("millrace_view_alerts_firing", help: "Alerts that fire now.")
    delivered = metrics.counter("millrace_view_notifications_total", help: "Notifications that a receiver took.")
    undelivered = metrics.counter("millrace_view_notification_errors_total", help: "Attempts to notify that failed.")
  }

  /// Starts the two threads. Nothing happens without rules.
  public func start() {
    guard !rules.rules.isEmpty else { return }
    let evaluator = Worker("alerts") { [self] stop in
      repeat { tick(now: clock()) } while !stop.wait(.seconds(1))
    }
    let deliverer = Worker("alerts-send") { [self] stop in
      repeat { deliver(now: clock()) } while !stop.wait(.milliseconds(500))
    }
    workers.withLock { $0 = [evaluator, deliverer] }
  }

  /// Ends the threads and writes the state; what is not delivered yet goes out after the next start.
  public func stop() {
    let running = workers.withLock { list in
      defer { list = [] }
      return list
    }
    for worker in running { worker.stop() }
    for worker in running { worker.join() }
    save()
  }

  /// Alerts that fire now.
  public var firingCount: Int {
    state.withLock { state in state.instances.values.joined().filter { $0.value.state.isFiring }.count }
  }

  /// Evaluates the groups that are due, and hands notifications over. For one thread at a time.
  func tick(now: Int64) {
    var changed = false
    for rule in rules.rules where isDue(rule, now: now) { changed = evaluate(rule, now: now) || changed }
    changed = notify(now: now) || changed
    firing.set(firingCount)
    if changed { save() }
  }

  /// On the grid of the rule's interval, so that a restart does not shift it; at once after the start.
  private func isDue(_ rule: AlertRule, now: Int64) -> Bool {
    guard !rule.isPaused else { return false }
    return state.withLock { state in
      let slot = now / rule.intervalMs
      guard state.slots[rule.uid] != slot else { return false }
      state.slots[rule.uid] = slot
      return true
    }
  }

  /// True when an instance changed.
  private func evaluate(_ rule: AlertRule, now: Int64) -> Bool {
    evaluations.add()
    var results: [RuleEvaluation.Result] = []
    var failure: String?
    do { results = try RuleEvaluation.run(rule, now: now, ask: ask) } catch {
      failures.add()
      failure = "\(error)"
    }
    let (changes, isNewFailure) = state.withLock { state in
      let before = state.instances[rule.uid] ?? [:]
      var after = before
      // A gap (the program was off) does not count as waiting.
      if let last = state.lastEvaluation[rule.uid], now - last > 2 * rule.intervalMs + 1000 {
        for (key, instance) in after where instance.state == .pending { after[key]!.since = now }
      }
      RuleTransition(rule: rule, now: now).apply(results, failure: failure, to: &after)
      state.instances[rule.uid] = after
      state.lastEvaluation[rule.uid] = now
      let isNewFailure = failure != nil && state.lastError[rule.uid] != failure
      state.lastError[rule.uid] = failure
      return (RuleTransition.changes(from: before, to: after), isNewFailure)
    }
    if let failure, isNewFailure { Log.warning("alerts", "rule '\(rule.title)' can't be evaluated: \(failure)") }
    for change in changes { log(change, rule) }
    return !changes.isEmpty
  }

  private func log(_ change: RuleTransition.Change, _ rule: AlertRule) {
    let labels = change.instance.series.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let values = change.instance.values.sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value.map(AlertTemplate.shown) ?? "null")" }
    let text =
      "rule '\(rule.title)'" + (labels.isEmpty ? "" : " {\(labels.joined(separator: ", "))}")
      + ": \(change.from.rawValue) → \(change.to.rawValue)"
      + (change.instance.reason.isEmpty ? "" : " (\(change.instance.reason))")
      + (values.isEmpty ? "" : ", \(values.joined(separator: " "))")
    if change.to.isFiring { Log.warning("alerts", text) } else { Log.info("alerts", text) }
  }

  func save() {
    guard let stateFile else { return }
    saving.withLock { _ in
      let copy = state.withLock { $0 }
      do { try copy.save(stateFile) } catch { Log.error("alerts", "the state of the alerts is not saved: \(error)") }
    }
  }
}
