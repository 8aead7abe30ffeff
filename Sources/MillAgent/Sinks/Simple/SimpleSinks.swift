import MillBase

/// Settings of the null and the logger sink (Flume user guide, Null Sink, Logger Sink).
struct SimpleSinkSettings: Sendable {
  enum Form: Sendable {
    case null
    /// So many bytes of each body.
    case logger(bytesMax: Int)
  }
  var form: Form
  var batchSize: Int

  static let nullSpec = ComponentSpec(
    kind: .sink, type: "null", otherNames: ["org.apache.flume.sink.NullSink"], source: "Flume user guide, Null Sink",
    keys: [KeySpec("batchSize", "100", "events taken in one go")])
  static let loggerSpec = ComponentSpec(
    kind: .sink, type: "logger", otherNames: ["org.apache.flume.sink.LoggerSink"],
    source: "Flume user guide, Logger Sink", keys: [KeySpec("maxBytesToLog", "16", "bytes of a body that are shown")])

  init(null reader: inout SettingsReader) {
    form = .null
    batchSize = reader.integer("batchSize", in: 1...Int.max)
  }

  init(logger reader: inout SettingsReader) {
    form = .logger(bytesMax: reader.integer("maxBytesToLog"))
    batchSize = 1
  }
}

/// Takes events and drops them, or writes them to the log.
final class SimpleSink: EventSink {
  private let feed: SinkFeed
  private let settings: SimpleSinkSettings

  init(feed: SinkFeed, settings: SimpleSinkSettings) {
    self.feed = feed
    self.settings = settings
  }

  func start(abandon: Signal) throws {}

  func run(stop: Signal, abandon: Signal) throws {
    while let events = feed.take(max: settings.batchSize, stop: stop, abandon: abandon) {
      if case .logger(let bytesMax) = settings.form {
        for event in events { Log.info("agent", Self.describe(event, bytesMax: bytesMax)) }
      }
      feed.channel.commit(events)
      feed.counters["EventDrainSuccessCount"].add(events.count)
      Delivery.acknowledge(events)
    }
  }

  /// `Event: { headers:{k=v} body: 48 65 6C 6C 6F Hello }`, as Flume's LoggerSink writes it.
  static func describe(_ event: Event, bytesMax: Int) -> String {
    let headers = event.headers.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    let shown = event.body.prefix(bytesMax)
    let hex = shown.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
    let text = String(decoding: shown.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
    return "Event: { headers:{\(headers)} body: \(hex) \(text) }"
  }
}
