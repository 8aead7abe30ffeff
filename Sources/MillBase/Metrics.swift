import Synchronization

/// Counters and gauges by name and labels, served as Prometheus text.
///
/// Names follow Prometheus: `millrace_<room>_<what>_<unit>`, counters end in `_total`.
public final class Metrics: Sendable {
  /// The one that a process serves. Tests make their own.
  public static let shared = Metrics()

  /// A number that only grows. Adding is one atomic instruction: keep the counter, don't look it up each time.
  public final class Counter: Sendable {
    private let storage = Atomic<Int>(0)
    init() {}
    public var value: Int { storage.load(ordering: .relaxed) }
    public func add(_ amount: Int = 1) { storage.wrappingAdd(amount, ordering: .relaxed) }
  }

  /// A number that goes up and down.
  public final class Gauge: Sendable {
    private let storage = Atomic<Int>(0)
    init() {}
    public var value: Int { storage.load(ordering: .relaxed) }
    public func set(_ value: Int) { storage.store(value, ordering: .relaxed) }
    public func add(_ amount: Int) { storage.wrappingAdd(amount, ordering: .relaxed) }
  }

  public struct Sample: Sendable {
    public var name: String
    public var labels: [(key: String, value: String)]
    public var value: Int
    public var isCounter: Bool
  }

  private enum Entry {
    case counter(Counter)
    case gauge(Gauge)
  }
  private struct Family {
    var help = ""
    var entries: [String: (labels: [(key: String, value: String)], entry: Entry)] = [:]
  }
  private let families = Mutex<[String: Family]>([:])

  public init() {}

  /// The counter of this name and these labels, made on first use.
  public func counter(_ name: String, _ labels: KeyValuePairs<String, String> = [:], help: String = "") -> Counter {
    families.withLock { families in
      let key = Self.render(labels.map { ($0.key, $0.value) })
      if !help.isEmpty { families[name, default: Family()].help = help }
      switch families[name]?.entries[key]?.entry {
      case .counter(let counter): return counter
      case .gauge: preconditionFailure("\(name) is a gauge and a counter")
      case nil: break
      }
      let counter = Counter()
      families[name, default: Family()].entries[key] = (labels.map { ($0.key, $0.value) }, .counter(counter))
      return counter
    }
  }

  /// The gauge of this name and these labels, made on first use.
  public func gauge(_ name: String, _ labels: KeyValuePairs<String, String> = [:], help: String = "") -> Gauge {
    families.withLock { families in
      let key = Self.render(labels.map { ($0.key, $0.value) })
      if !help.isEmpty { families[name, default: Family()].help = help }
      switch families[name]?.entries[key]?.entry {
      case .gauge(let gauge): return gauge
      case .counter: preconditionFailure("\(name) is a counter and a gauge")
      case nil: break
      }
      let gauge = Gauge()
      families[name, default: Family()].entries[key] = (labels.map { ($0.key, $0.value) }, .gauge(gauge))
      return gauge
    }
  }

  /// All samples, sorted by name.
  public func samples() -> [Sample] {
    families.withLock { families in
      families.sorted { $0.key < $1.key }.flatMap { name, family in
        family.entries.sorted { $0.key < $1.key }.map { _, item in
          switch item.entry {
          case .counter(let counter):
            Sample(name: name, labels: item.labels, value: counter.value, isCounter: true)
          case .gauge(let gauge): Sample(name: name, labels: item.labels, value: gauge.value, isCounter: false)
          }
        }
      }
    }
  }

  /// The sum over all labels; 0 when the name is unknown.
  public func sum(_ name: String) -> Int {
    samples().reduce(0) { $1.name == name ? $0 + $1.value : $0 }
  }

  /// Prometheus text exposition format 0.0.4.
  public func prometheusText() -> String {
    var text = ""
    var last = ""
    let helps = families.withLock { $0.mapValues(\.help) }
    for sample in samples() {
      if sample.name != last {
        if let help = helps[sample.name], !help.isEmpty {
          text += "# HELP \(sample.name) \(help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))\n"
        }
        text += "# TYPE \(sample.name) \(sample.isCounter ? "counter" : "gauge")\n"
        last = sample.name
      }
      text += "\(sample.name)\(Self.render(sample.labels)) \(sample.value)\n"
    }
    return Secrets.redact(text)
  }

  private static func render(_ labels: [(key: String, value: String)]) -> String {
    if labels.isEmpty { return "" }
    let inner = labels.map { key, value in
      let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
      return "\(key)=\"\(escaped)\""
    }
    return "{" + inner.joined(separator: ",") + "}"
  }
}
