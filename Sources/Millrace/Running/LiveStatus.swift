import Glibc
import MillBase

/// The running chain in one line, drawn anew each second on a terminal, a line every few seconds elsewhere.
struct LiveStatus {
  private let pipeline: Pipeline
  private let started = Clock.steadyNanoseconds()
  private let isTerminal = isatty(1) == 1
  /// Seconds between lines when the output is no terminal.
  private static let plainInterval: Int64 = 5

  init(_ pipeline: Pipeline) { self.pipeline = pipeline }

  func printAddresses() {
    let rooms = pipeline.rooms
    var lines = ["millrace runs \(pipeline.configuration.name); Ctrl-C drains and ends"]
    if let view = rooms.view {
      lines.append("  dashboard     http://\(view.address)/      the chain itself: http://\(view.address)/chain")
    }
    if let kafka = rooms.kafkaServer { lines.append("  Kafka         \(kafka.address)") }
    if let store = rooms.storeServer {
      lines.append("  InfluxDB API  http://\(store.address)      database \(pipeline.configuration.store!.database)")
    }
    if let sample = rooms.sampleAPI { lines.append("  sample APIs   http://\(sample.address)/") }
    lines.append("  data          \(pipeline.configuration.data)")
    write(lines.joined(separator: "\n") + "\n")
  }

  /// - Parameter tick: whole seconds since the start.
  func show(tick: Int64) {
    if isTerminal {
      write("\r\u{1B}[K" + line())
    } else if tick % Self.plainInterval == 0 {
      write(line() + "\n")
    }
  }

  func printSummary() {
    write("\(isTerminal ? "\r\u{1B}[K" : "")ended after \(seconds) s: \(totals())\n")
  }

  private var seconds: Int { Int((Clock.steadyNanoseconds() - started) / 1_000_000_000) }

  private func line() -> String {
    let rates = pipeline.monitor.rates
    let documents = rates.perSecond("millrace_collect_documents_total")
    let records = rates.perSecond("millrace_log_appended_records_total")
    let bytes = rates.perSecond("millrace_log_appended_bytes_total")
    return
      "\(seconds) s  collect \(Self.rate(documents))/s · log \(Self.rate(records)) records/s \(Self.size(bytes))/s · "
      + totals()
  }

  private func totals() -> String {
    let metrics = Metrics.shared
    let rooms = pipeline.rooms
    let points =
      rooms.engine == nil
      ? metrics.sum("millrace_store_writer_lines_total") : metrics.sum("millrace_store_points_total")
    let lag = rooms.queries.reduce(0) { $0 + rooms.lag(of: $1.name) }
    var text =
      "\(metrics.sum("millrace_collect_documents_total")) documents, \(points) points, lag \(lag), "
      + "\(metrics.sum("millrace_dead_letters_total")) dead letters"
    if let firing = rooms.alerts?.firingCount, firing > 0 { text += ", \(firing) alerts firing" }
    return text
  }

  private static func rate(_ value: Double) -> String {
    value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
  }

  private static func size(_ bytes: Double) -> String {
    switch bytes {
    case ..<1e3: "\(Int(bytes)) B"
    case ..<1e6: "\(rate(bytes / 1e3)) kB"
    default: "\(rate(bytes / 1e6)) MB"
    }
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    // A closed standard output must not stop the chain.
    _ = Glibc.write(1, bytes, bytes.count)
  }
}
