import MillBase

/// The state of a rule for one series. A value: it takes an outcome and becomes the next state, without any I/O.
struct AlertInstance: Sendable, Equatable {
  enum State: String, Sendable {
    case normal, pending, alerting, recovering
    /// The alerts of their own that a rule raises without data or after a failure.
    case noData, error

    var isFiring: Bool { self == .alerting || self == .recovering || self == .noData || self == .error }
  }
  /// What an evaluation says about the series.
  enum Outcome: Sendable, Equatable {
    case normal, alerting, noData, error
    /// Without data or after a failure, the rule asks to go on as before.
    case keepLast
  }

  /// The series' own labels, its identity within the rule.
  var series: Labels
  /// With the rule's labels, `alertname` and `grafana_folder`.
  var labels: Labels = [:]
  var annotations: Labels = [:]
  var state = State.normal
  /// NoData, Error or MissingSeries, when that is why the state is what it is.
  var reason = ""
  /// Since when it is in this state, milliseconds.
  var since: Int64
  /// Since when it fires; 0 when it does not.
  var startsAt: Int64 = 0
  var values: [String: Double?] = [:]
  /// Evaluations in a row without this series.
  var missing = 0

  init(series: Labels, since: Int64) {
    self.series = series
    self.since = since
  }

  mutating func apply(_ outcome: Outcome, pendingMs: Int64, keepFiringMs: Int64, now: Int64) {
    let next: State
    switch outcome {
    case .keepLast: return
    case .normal:
      switch state {
      case .alerting where keepFiringMs > 0: next = .recovering
      case .recovering where now - since < keepFiringMs: next = .recovering
      default: next = .normal
      }
    case .alerting, .noData, .error:
      let target: State = outcome == .alerting ? .alerting : outcome == .noData ? .noData : .error
      switch state {
      case .normal: next = pendingMs > 0 ? .pending : target
      case .pending: next = now - since >= pendingMs ? target : .pending
      default: next = target
      }
    }
    if next.isFiring, !state.isFiring { startsAt = now }
    if !next.isFiring { startsAt = 0 }
    if next != state {
      state = next
      since = now
    }
  }
}

extension AlertInstance {
  var json: JSONValue {
    [
      "series": .labels(series), "labels": .labels(labels), "annotations": .labels(annotations),
      "state": .string(state.rawValue), "reason": .string(reason), "since": .integer(since),
      "startsAt": .integer(startsAt), "missing": .integer(Int64(missing)), "values": .numbers(values),
    ]
  }

  init?(_ json: JSONValue) {
    guard let state = json["state"]?.string.flatMap(State.init(rawValue:)), let since = json["since"]?.integer else {
      return nil
    }
    self.init(series: json["series"]?.labels ?? [:], since: since)
    self.state = state
    labels = json["labels"]?.labels ?? [:]
    annotations = json["annotations"]?.labels ?? [:]
    reason = json["reason"]?.string ?? ""
    startsAt = json["startsAt"]?.integer ?? 0
    missing = Int(json["missing"]?.integer ?? 0)
    values = json["values"]?.numbers ?? [:]
  }
}

extension JSONValue {
  /// Sorted by name, so that equal labels are equal text.
  static func labels(_ labels: Labels) -> JSONValue {
    .object(.init(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }
  var labels: Labels? {
    object.map { object in Labels(object.map { ($0.key, $0.value.string ?? "") }) { first, _ in first } }
  }

  static func numbers(_ values: [String: Double?]) -> JSONValue {
    .object(.init(values.sorted { $0.key < $1.key }.map { ($0.key, $0.value.map { .double($0) } ?? .null) }))
  }
  var numbers: [String: Double?]? {
    object.map { object in
      [String: Double?](object.map { ($0.key, $0.value.double) }) { first, _ in first }
    }
  }
}
