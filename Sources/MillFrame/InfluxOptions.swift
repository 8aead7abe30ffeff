import MillBase
import MillColumns
import MillQuery
import MillStore

/// The options of `writeStream.format("influxdb")`.
///
/// `url`, and `db` (InfluxDB 1) or `org` and `bucket` (2, 3, Cloud); `token`, or `user` and `password`; `measurement`;
/// `tags`, `fields` and `identity` as lists of columns with commas; `time`, the column of the points' time.
struct InfluxOptions {
  private static let keys = [
    "url", "db", "org", "bucket", "token", "user", "password", "measurement", "tags", "fields", "identity", "time",
    "checkpointLocation",
  ]
  private let options: [String: String]

  /// - Throws: `.configuration` for an unknown option.
  init(_ options: [String: String]) throws {
    for key in options.keys.sorted() where !Self.keys.contains(key) {
      throw MillError(
        .configuration, "unknown option \(key) of the sink influxdb",
        wayOut: Nearest.name(to: key, among: Self.keys).map { "did you mean \($0)?" }
          ?? "known are: \(Self.keys.joined(separator: ", "))")
    }
    self.options = options
  }

  /// - Throws: `.configuration` for a missing option, or a column that is not there.
  func sink(_ schema: Schema) throws -> any StreamSink {
    let api: InfluxConfiguration.API =
      if let bucket = options["bucket"] {
        .v2(organization: options["org"] ?? "", bucket: bucket)
      } else {
        .v1(database: try required("db", "or bucket"))
      }
    var configuration = InfluxConfiguration(url: try required("url"), api: api)
    if let token = options["token"] {
      Secrets.register(token)
      configuration.credential = .token(token)
    } else if let user = options["user"] {
      Secrets.register(options["password"] ?? "")
      configuration.credential = .basic(user: user, password: options["password"] ?? "")
    }
    configuration.createsDatabase = true
    let mapping = PointMapping(
      measurement: .constant(try required("measurement")), tags: list("tags") ?? [], fields: list("fields"),
      time: try required("time", "the column of the points' time"), identity: list("identity") ?? [])
    let sink = InfluxSink(mapping: mapping, writer: InfluxWriter(configuration: configuration), deadLetters: nil)
    try sink.prepare(schema)
    return RowsSink("InfluxDBSink") { try sink.addBatch(id: $0, [$1]) }
  }

  private func list(_ key: String) -> [String]? {
    options[key]?.split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }) }
  }

  private func required(_ key: String, _ note: String = "") throws -> String {
    guard let value = options[key] else {
      throw MillError(
        .configuration, "the sink influxdb needs the option \(key)\(note.isEmpty ? "" : " (\(note))")")
    }
    return value
  }
}
