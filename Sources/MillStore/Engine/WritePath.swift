/// What writing needs to know of a database, looked up by the bytes of a line.
struct WritePath {
  struct Measurement {
    var id: Int64
    var key: [UInt8]
    var name: String
    var fields: [(key: [UInt8], number: Int, type: FieldType)] = []
    var fieldNumberNext = 1
  }

  private(set) var series = SeriesTable()
  private var measurements: [Measurement] = []
  private var measurementIndices: [[UInt8]: Int] = [:]
  var points: Int64 = 0
  /// Nanoseconds; 0 = points are kept for ever.
  var retention: Int64 = 0

  init() {}

  init(_ stored: StoredCatalog) {
    var indices: [Int64: Int] = [:]
    for (id, key) in stored.measurements {
      indices[id] = measurements.count
      measurementIndices[key] = measurements.count
      measurements.append(Measurement(id: id, key: key, name: LineParser.unescapeMeasurement(key)))
    }
    for (measurement, number, key, type) in stored.fields {
      guard let index = indices[measurement] else { continue }
      measurements[index].fields.append((key, number, type))
      measurements[index].fieldNumberNext = max(measurements[index].fieldNumberNext, number + 1)
    }
    for (id, measurement, key) in stored.series {
      guard let index = indices[measurement] else { continue }
      series.insert(.init(key: key, id: id, measurement: index))
    }
    points = stored.numbers["points"] ?? 0
    retention = stored.numbers["retention"] ?? 0
  }

  private static let timeKey = Array("time".utf8)

  /// Puts all points that fit. New measurements, fields and series also go into `added`.
  mutating func put(
    _ parsed: ParsedPoints, now: Int64, _ transaction: any PointTransaction, _ added: inout Catalog,
    _ dropped: inout [RejectedLine]
  ) throws -> Int {
    try parsed.bytes.withUnsafeBytes { bytes in
      var encoded: [UInt8] = []
      var written = 0
      var newPoints = 0
      var last: (point: ParsedPoints.Point, series: Int64, measurement: Int)?
      for point in parsed.points {
        let key = UnsafeRawBufferPointer(rebasing: bytes[point.keyStart..<(point.keyStart + point.keyCount)])
        var measurement: Int?
        var seriesID: Int64?
        if let last, last.point.keyCount == point.keyCount,
          bytes[last.point.keyStart..<(last.point.keyStart + point.keyCount)].elementsEqual(key)
        {
          (measurement, seriesID) = (last.measurement, last.series)
        } else if let entry = series.find(key) {
          (measurement, seriesID) = (entry.measurement, entry.id)
        } else {
          measurement = measurementIndices[Array(key.prefix(point.measurementCount))]
        }
        if let reason = refusal(of: point, key, in: parsed, bytes, measurement, isNewSeries: seriesID == nil, now: now)
        {
          let line = Array(bytes[point.lineStart..<(point.lineStart + point.lineCount)])
          dropped.append(RejectedLine(line: line, reason: reason))
          continue
        }
        let index = try measurement ?? addMeasurement(Array(key.prefix(point.measurementCount)), transaction, &added)
        encoded.removeAll(keepingCapacity: true)
        try encode(point, parsed, bytes, index, transaction, &added, &encoded)
        if encoded.isEmpty { continue }
        let id = try seriesID ?? addSeries(Array(key), index, transaction, &added)
        last = (point, id, index)
        let isNew = try encoded.withUnsafeBytes { try transaction.put(series: id, time: point.time, fields: $0) }
        if isNew { newPoints += 1 }
        written += 1
      }
      points += Int64(newPoints)
      try transaction.setNumber("points", points)
      return written
    }
  }

  /// Why InfluxDB would not take the point (tsdb/shard.go, validateSeriesAndFields); nil when it would.
  private func refusal(
    of point: ParsedPoints.Point, _ key: UnsafeRawBufferPointer, in parsed: ParsedPoints,
    _ bytes: UnsafeRawBufferPointer, _ measurement: Int?, isNewSeries: Bool, now: Int64
  ) -> String? {
    if retention > 0, point.time < now - retention { return "points beyond retention policy" }
    func name() -> String { LineParser.unescapeMeasurement(key.prefix(point.measurementCount)) }
    if isNewSeries {
      let info = SeriesInfo(id: 0, key: Array(key), measurementCount: point.measurementCount)
      if info.tags.contains(where: { $0.key == "time" }) {
        return "invalid tag key: input tag \"time\" on measurement \"\(name())\" is invalid"
      }
    }
    let fields = parsed.fields[point.fieldsStart..<(point.fieldsStart + point.fieldsCount)]
    if fields.allSatisfy({ Self.timeKey.elementsEqual(bytes[$0.keyStart..<($0.keyStart + $0.keyCount)]) }) {
      return "invalid field name: input field \"time\" on measurement \"\(name())\" is invalid"
    }
    guard let measurement else { return nil }
    for (position, field) in fields.enumerated() {
      let key = UnsafeRawBufferPointer(rebasing: bytes[field.keyStart..<(field.keyStart + field.keyCount)])
      if let known = find(key, measurement, near: position), known.type != field.type {
        return
          "field type conflict: input field \"\(LineParser.unescapeTag(key))\" on measurement \"\(name())\" is type "
          + "\(field.type.name), already exists as type \(known.type.name)"
      }
    }
    return nil
  }

  /// Lines mostly name their fields in the same order, so the search begins at the field's place in the line.
  private func find(
    _ key: UnsafeRawBufferPointer, _ measurement: Int, near position: Int
  ) -> (key: [UInt8], number: Int, type: FieldType)? {
    let fields = measurements[measurement].fields
    for step in fields.indices {
      let candidate = fields[(position + step) % fields.count]
      if candidate.key.count == key.count, candidate.key.withUnsafeBytes({ $0.elementsEqual(key) }) { return candidate }
    }
    return nil
  }

  private mutating func encode(
    _ point: ParsedPoints.Point, _ parsed: ParsedPoints, _ bytes: UnsafeRawBufferPointer, _ measurement: Int,
    _ transaction: any PointTransaction, _ added: inout Catalog, _ out: inout [UInt8]
  ) throws {
    for position in 0..<point.fieldsCount {
      let field = parsed.fields[point.fieldsStart + position]
      let key = UnsafeRawBufferPointer(rebasing: bytes[field.keyStart..<(field.keyStart + field.keyCount)])
      if key.elementsEqual(Self.timeKey) { continue }
      let isRepeated = (position + 1..<point.fieldsCount).contains { later in
        let other = parsed.fields[point.fieldsStart + later]
        return bytes[other.keyStart..<(other.keyStart + other.keyCount)].elementsEqual(key)
      }
      if isRepeated { continue }
      let number =
        try find(key, measurement, near: position)?.number
        ?? addField(Array(key), field.type, measurement, transaction, &added)
      if field.type == .string {
        let text = bytes[field.stringStart..<(field.stringStart + field.stringCount)]
        if field.hasEscapes {
          FieldCodec.append(number, string: Self.unescapeString(text), to: &out)
        } else {
          FieldCodec.append(number, string: text, to: &out)
        }
      } else {
        FieldCodec.append(number, field.type, bits: field.bits, to: &out)
      }
    }
  }

  /// `\"` and `\\` lose their first backslash, any other backslash stays.
  static func unescapeString(_ bytes: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.endIndex,
        bytes[index + 1] == UInt8(ascii: "\"") || bytes[index + 1] == UInt8(ascii: "\\")
      {
        index += 1
      }
      out.append(bytes[index])
      index += 1
    }
    return out
  }

  // MARK: What is new

  private mutating func addMeasurement(
    _ key: [UInt8], _ transaction: any PointTransaction, _ added: inout Catalog
  ) throws -> Int {
    let id = try transaction.addMeasurement(key)
    measurementIndices[key] = measurements.count
    measurements.append(Measurement(id: id, key: key, name: LineParser.unescapeMeasurement(key)))
    note(measurements.count - 1, &added) { _ in }
    return measurements.count - 1
  }

  private mutating func addField(
    _ key: [UInt8], _ type: FieldType, _ measurement: Int, _ transaction: any PointTransaction, _ added: inout Catalog
  ) throws -> Int {
    let number = measurements[measurement].fieldNumberNext
    try transaction.addField(measurement: measurements[measurement].id, number: number, key: key, type: type)
    measurements[measurement].fields.append((key, number, type))
    measurements[measurement].fieldNumberNext += 1
    note(measurement, &added) {
      $0.fields.append(FieldInfo(number: number, name: LineParser.unescapeTag(key), type: type))
    }
    return number
  }

  private mutating func addSeries(
    _ key: [UInt8], _ measurement: Int, _ transaction: any PointTransaction, _ added: inout Catalog
  ) throws -> Int64 {
    let id = try transaction.addSeries(measurement: measurements[measurement].id, key: key)
    series.insert(.init(key: key, id: id, measurement: measurement))
    let count = measurements[measurement].key.count
    note(measurement, &added) { $0.series.append(SeriesInfo(id: id, key: key, measurementCount: count)) }
    return id
  }

  private func note(_ measurement: Int, _ added: inout Catalog, _ change: (inout MeasurementInfo) -> Void) {
    let (id, name) = (measurements[measurement].id, measurements[measurement].name)
    change(&added.measurements[name, default: MeasurementInfo(id: id, name: name)])
  }
}
