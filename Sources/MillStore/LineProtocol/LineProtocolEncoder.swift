import MillBase
import MillColumns

/// Rows to line protocol, by InfluxDB's rules ("Line protocol", InfluxDB v2 reference).
///
/// - Tags are sorted by name. Null and empty tags, null fields, NaN and infinite fields are left out.
/// - Whole numbers get an `i`; decimals are written digit for digit (the server reads a float); dates and timestamps
///   as fields or tags are text as in Spark.
/// - A line break, tab, carriage return or form feed becomes `\n`, `\t`, `\r`, `\f` (as Telegraf writes them): a line
///   can't hold it.
/// - A row is rejected when it has no time, no field, no measurement, or a part that a line can't hold.
public struct LineProtocolEncoder: Sendable {
  /// Bytes of a string field, at most.
  public static let stringBytesMax = 64 * 1024
  /// Bytes of measurement, tags and a field's name together, at most.
  public static let seriesKeyBytesMax = 65_535

  public let mapping: PointMapping
  public let schema: Schema
  let plan: PointPlan

  /// - Throws: `.configuration` naming the column: it does not exist, can't be what it is to be, or has a name that a
  ///   point can't have.
  public init(_ mapping: PointMapping, schema: Schema) throws {
    self.mapping = mapping
    self.schema = schema
    plan = try PointPlan(mapping, schema)
  }

  /// The rows as lines.
  public func encode(_ batch: ColumnBatch) -> EncodedPoints {
    var output = BufferBuilder()
    let result = encode(batch, into: &output)
    return EncodedPoints(
      bytes: Array(UnsafeRawBufferPointer(start: output.base, count: output.count)), lineCount: result.lineCount,
      rejected: result.rejected, omittedValueCount: result.omittedValueCount)
  }

  /// The rows as lines after what is in `output` already; `bytes` of the result stays empty.
  public func encode(_ batch: ColumnBatch, into output: inout BufferBuilder) -> EncodedPoints {
    precondition(batch.schema == schema, "the batch has another schema than the encoder")
    output.reserve(plan.bytes(of: batch))
    var run = LineProtocolRun(plan, batch)
    return withExtendedLifetime(batch) { run.encode(rows: batch.count, into: &output) }
  }
}

/// The parts of a line in their order, worked out once.
struct PointPlan: Sendable {
  /// How a column is written.
  enum Form: UInt8, Sendable {
    case text, boolean, int8, int16, int32, int64, float, double, decimal, date, timestamp, null
  }
  struct Part: Sendable {
    var name: String
    var column: Int
    var form: Form
    var scale = 0
    /// `,name=` (and the opening quote of a string field), escaped, in ``PointPlan/texts``.
    var prefixStart = 0
    var prefixCount = 0
  }

  /// The constant measurement, escaped; in ``texts`` from 0.
  var measurementCount = 0
  var measurementColumn: Part?
  var tags: [Part] = []
  var fields: [Part] = []
  var time: Part?
  var timeUnit: Int64
  var identity: [Part] = []
  var integerSuffix: Bool
  var fieldNameBytesMax = 0
  var plain: Plain?
  let texts: Buffer

  init(_ mapping: PointMapping, _ schema: Schema) throws {
    var texts = BufferBuilder()
    timeUnit = mapping.timeUnit.rawValue
    integerSuffix = !mapping.writesIntegersAsFloats
    var used: Set<String> = []
    switch mapping.measurement {
    case .constant(let name):
      measurementCount = try Self.put(Self.measurementText(name), &texts)
    case .column(let name):
      measurementColumn = try Self.part(name, schema, "measurement")
      used.insert(name)
    }
    if let name = mapping.time {
      time = try Self.timePart(name, schema)
      used.insert(name)
    } else if !mapping.allowsServerTime {
      throw MillError(
        .configuration, "the points have no time column",
        wayOut: "name one (time: COLUMN): with the server's time, writing again would make new points")
    }
    identity = try mapping.identity.map { try Self.part($0, schema, "identity") }
    for name in mapping.tags.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      guard used.insert(name).inserted else {
        throw MillError(.configuration, "the column is used twice", at: .init(key: name), wayOut: "name it once")
      }
      tags.append(try Self.put(Self.part(name, schema, "tag"), isField: false, &texts))
    }
    let names = mapping.fields ?? schema.columns.map(\.name).filter { !used.contains($0) }
    for name in names {
      guard used.insert(name).inserted else {
        throw MillError(.configuration, "the column is used twice", at: .init(key: name), wayOut: "name it once")
      }
      let part = try Self.put(Self.part(name, schema, "field"), isField: true, &texts)
      if part.form != .null { fields.append(part) }
    }
    guard !fields.isEmpty else {
      throw MillError(
        .configuration, "no column is left to be a field", wayOut: "a point needs at least one field besides its tags")
    }
    fieldNameBytesMax = fields.map(\.prefixCount).max() ?? 0
    self.texts = texts.take()
    plain = plainLine()
  }

  /// Bytes that the lines of the batch have at most when no text in it must be escaped, about.
  func bytes(of batch: ColumnBatch) -> Int {
    let parts = tags + fields + [measurementColumn, time].compactMap { $0 }
    var total = batch.count * (measurementCount + 2)
    for part in parts {
      let column = batch.columns[part.column]
      let isText = part.form == .text
      let values = isText && batch.count > 0 ? column.offset(batch.count) - column.offset(0) : 0
      total += values + batch.count * (part.prefixCount + (isText ? 1 : Self.numberBytes))
    }
    return total
  }

  /// Digits of a 64-bit number, with its sign and `i`.
  private static let numberBytes = 21

  private static func part(_ name: String, _ schema: Schema, _ use: String) throws -> Part {
    guard let index = schema.index(of: name) else {
      throw MillError(
        .configuration, "the query has no column of this name to be a \(use)", at: .init(key: name),
        wayOut: "its columns are \(schema.columns.map(\.name).joined(separator: ", "))")
    }
    let type = schema.columns[index].type
    var part = Part(name: name, column: index, form: .text)
    switch type {
    case .null: part.form = .null
    case .boolean: part.form = .boolean
    case .byte: part.form = .int8
    case .short: part.form = .int16
    case .integer: part.form = .int32
    case .long: part.form = .int64
    case .float: part.form = .float
    case .double: part.form = .double
    case .decimal(_, let scale):
      part.form = .decimal
      part.scale = scale
    case .string: part.form = .text
    case .date: part.form = .date
    case .timestamp: part.form = .timestamp
    case .binary, .array, .map, .struct, .yearMonthInterval, .dayTimeInterval:
      throw MillError(
        .configuration, "a column of type \(type) can't be a \(use)", at: .init(key: name),
        wayOut: "select a part of it, or make it text (to_json, base64)")
    }
    return part
  }

  private static func timePart(_ name: String, _ schema: Schema) throws -> Part {
    let part = try part(name, schema, "time")
    switch part.form {
    case .date, .timestamp, .int8, .int16, .int32, .int64: return part
    default:
      throw MillError(
        .configuration, "the time column is \(schema.columns[part.column].type)", at: .init(key: name),
        wayOut: "make it a DATE, a TIMESTAMP or a whole number (CAST, to_timestamp)")
    }
  }

  // MARK: Names

  private static func measurementText(_ name: String) throws -> [UInt8] {
    try checkName(name, "measurement")
    return escape(name, also: [])
  }

  private static func put(_ part: Part, isField: Bool, _ texts: inout BufferBuilder) throws -> Part {
    try checkName(part.name, isField ? "field" : "tag")
    var part = part
    let isQuoted = isField && (part.form == .text || part.form == .date || part.form == .timestamp)
    let text =
      [UInt8(ascii: ",")] + escape(part.name, also: [UInt8(ascii: "=")]) + [UInt8(ascii: "=")]
      + (isQuoted ? [UInt8(ascii: "\"")] : [])
    part.prefixStart = texts.count
    part.prefixCount = put(text, &texts)
    return part
  }

  private static func put(_ text: [UInt8], _ texts: inout BufferBuilder) -> Int {
    text.withUnsafeBytes { texts.append($0) }
    return text.count
  }

  private static func escape(_ name: String, also: [UInt8]) -> [UInt8] {
    name.utf8.flatMap { byte -> [UInt8] in
      byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ") || also.contains(byte)
        ? [UInt8(ascii: "\\"), byte] : [byte]
    }
  }

  private static func checkName(_ name: String, _ use: String) throws {
    let problem: String? =
      if name.isEmpty {
        "is empty"
      } else if name == "time", use != "measurement" {
        "is 'time', which InfluxDB drops"
      } else if name.hasPrefix("_") {
        "begins with '_', which InfluxDB keeps for itself"
      } else if name.utf8.contains(where: { $0 < 32 }) {
        "has a control character"
      } else if name.utf8.contains(UInt8(ascii: "\\")) {
        "has a backslash"
      } else if use == "measurement", name.hasPrefix("#") {
        "begins with '#', as a comment does"
      } else {
        nil
      }
    if let problem {
      throw MillError(
        .configuration, "the name of the \(use) \(problem)", at: .init(key: name),
        wayOut: use == "measurement" ? "choose another name" : "give the column another name: … AS name")
    }
  }
}
