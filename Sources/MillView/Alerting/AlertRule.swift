import MillBase

/// Labels of an alert or a series.
typealias Labels = [String: String]

/// A Grafana-managed alert rule.
struct AlertRule: Sendable {
  /// What an evaluation without data means (`noDataState`) or one that failed (`execErrState`).
  enum Fallback: String, Sendable {
    /// A state of its own: NoData or Error, with an alert of its own.
    case own
    case alerting, ok, keepLast
  }

  /// One element of `data`: a query or an expression over others.
  struct Step: Sendable {
    enum Kind: Sendable {
      /// `from`…`to` are seconds before the evaluation.
      case query(Target, from: Int64, to: Int64, maxDataPoints: Int)
      case expression(AlertExpression)
    }
    var refId: String
    var kind: Kind
  }

  var uid: String
  var title: String
  var folder: String
  var group: String
  var intervalMs: Int64
  /// The refId that decides.
  var condition: String
  var steps: [Step]
  var noData = Fallback.own
  var failure = Fallback.alerting
  var pendingMs: Int64 = 0
  var keepFiringMs: Int64 = 0
  /// Evaluations without a series after which its alert ends. Default 2, as in Grafana.
  var missingEvaluations = 2
  var annotations: [(key: String, value: String)] = []
  var labels: [(key: String, value: String)] = []
  var isPaused = false
  var dashboardUid = ""
  var panelId: Int64?
  /// `notification_settings.receiver`: goes there, past the policies.
  var route: NotificationPolicy?
}

/// Alert rules, contact points and notification policies, as Grafana's alerting provisioning files hold them.
public struct AlertRules: Sendable {
  var rules: [AlertRule] = []
  var contactPoints: [ContactPoint] = []
  /// The root of the tree; nil when no file has one.
  var policy: NotificationPolicy?
  /// Parts of the files that are left out: contact points of other types, mute timings, templates.
  public internal(set) var warnings: [MillError] = []

  public init() {}

  public var ruleCount: Int { rules.count }

  /// Where alerts go: the policies of the files, else everything to the first contact point, in Grafana's rhythm.
  var root: NotificationPolicy? {
    policy ?? contactPoints.first.map { NotificationPolicy(receiver: $0.name) }
  }
}

/// A place that notifications go to; it may have several receivers.
struct ContactPoint: Sendable {
  struct Receiver: Sendable {
    enum Kind: Sendable {
      /// POSTs Grafana's webhook body.
      case webhook(Webhook)
      /// Writes a line to the log; no type of Grafana's.
      case log
    }
    var uid: String
    var kind: Kind
    /// No notification when an alert ends.
    var skipsResolved = false
  }
  struct Webhook: Sendable {
    var url: String
    var method = "POST"
    var headers: HTTPHeaders = [:]
    /// More alerts than this are left out of the body and counted in it; 0 = no limit.
    var alertsMax = 0
  }
  var name: String
  var receivers: [Receiver]
}

/// A node of the tree of notification policies.
struct NotificationPolicy: Sendable {
  struct Matcher: Sendable {
    enum Comparison: String {
      case equal = "="
      case notEqual = "!="
      case matches = "=~"
      case matchesNot = "!~"
    }
    var label: String
    var comparison: Comparison
    var value: String

    /// A missing label is an empty one; a regular expression must match as a whole.
    func accepts(_ labels: Labels) -> Bool {
      let found = labels[label] ?? ""
      switch comparison {
      case .equal: return found == value
      case .notEqual: return found != value
      case .matches: return Self.matches(found, value)
      case .matchesNot: return !Self.matches(found, value)
      }
    }

    private static func matches(_ text: String, _ pattern: String) -> Bool {
      guard let regex = try? Regex(pattern) else { return false }
      return (try? regex.wholeMatch(in: text)) != nil
    }
  }

  var receiver: String
  var groupBy = ["grafana_folder", "alertname"]
  var matchers: [Matcher] = []
  var groupWaitMs: Int64 = 30_000
  var groupIntervalMs: Int64 = 300_000
  var repeatIntervalMs: Int64 = 14_400_000
  var continues = false
  var routes: [NotificationPolicy] = []
  /// Its place in the tree, part of a group's identity.
  var path = "{}"

  init(receiver: String) { self.receiver = receiver }

  /// The policies that an alert falls under: the deepest that match, several where `continue` says so.
  func matching(_ labels: Labels) -> [NotificationPolicy] {
    guard matchers.allSatisfy({ $0.accepts(labels) }) else { return [] }
    var found: [NotificationPolicy] = []
    for route in routes {
      let inside = route.matching(labels)
      found += inside
      if !inside.isEmpty, !route.continues { break }
    }
    return found.isEmpty ? [self] : found
  }
}
