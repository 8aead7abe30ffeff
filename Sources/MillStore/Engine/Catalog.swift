/// What a query needs to know of a database: measurements, their fields and series.
struct Catalog: Sendable {
  var measurements: [String: MeasurementInfo] = [:]
  /// Nanoseconds that points are kept; 0 = for ever.
  var retention: Int64 = 0
}

struct MeasurementInfo: Sendable {
  var id: Int64
  var name: String
  var fields: [FieldInfo] = []
  var series: [SeriesInfo] = []

  func field(_ name: String) -> FieldInfo? { fields.first { $0.name == name } }
}

struct FieldInfo: Sendable {
  /// Unique within the measurement.
  var number: Int
  var name: String
  var type: FieldType
}

struct SeriesInfo: Sendable {
  var id: Int64
  /// Measurement and tags as line protocol writes them, tags sorted by key.
  var key: [UInt8]
  /// Sorted by key.
  var tags: [Tag]

  struct Tag: Sendable, Hashable {
    var key: String
    var value: String
  }

  /// The empty string when the series does not have the tag, as InfluxQL sees it.
  func tag(_ key: String) -> String { tags.first { $0.key == key }?.value ?? "" }

  init(id: Int64, key: [UInt8], measurementCount: Int) {
    self.id = id
    self.key = key
    tags = []
    var start = measurementCount + 1
    var keyEnd: Int?
    var index = start
    while index <= key.count, start < key.count {
      let isEnd = index == key.count
      let isEscaped = index > start && key[index - 1] == UInt8(ascii: "\\")
      if !isEnd, !isEscaped, key[index] == UInt8(ascii: "="), keyEnd == nil {
        keyEnd = index
      } else if isEnd || !isEscaped && key[index] == UInt8(ascii: ","), let end = keyEnd {
        tags.append(
          Tag(
            key: LineParser.unescapeTag(key[start..<end]), value: LineParser.unescapeTag(key[(end + 1)..<index])))
        start = index + 1
        keyEnd = nil
      }
      index += 1
    }
  }
}
