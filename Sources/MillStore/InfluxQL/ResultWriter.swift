import MillBase

/// Writes answers as InfluxDB does.
struct ResultWriter {
  /// Unit of the times; nil = RFC 3339 text.
  let epoch: TimestampPrecision?

  // MARK: JSON

  /// `{"results":[…]}` and a newline.
  func json(_ results: [StatementResult]) -> [UInt8] {
    var out: [UInt8] = []
    document(results.enumerated().map { ($0, $1, false) }, &out)
    return out
  }

  /// One document for each `size` rows of a series, a line each.
  func chunkedJSON(_ results: [StatementResult], size: Int) -> [UInt8] {
    var out: [UInt8] = []
    for (id, result) in results.enumerated() {
      let pieces = result.series.flatMap { series in
        stride(from: 0, to: max(series.rows.count, 1), by: size).map { start -> (ResultSeries, Bool) in
          var piece = series
          let end = min(start + size, series.rows.count)
          piece.rows = Array(series.rows[start..<end])
          piece.times = series.times.map { Array($0[start..<end]) }
          return (piece, end < series.rows.count)
        }
      }
      if pieces.isEmpty { document([(id, result, false)], &out) }
      for (index, piece) in pieces.enumerated() {
        var part = result
        part.series = [piece.0]
        document([(id, part, index < pieces.count - 1)], &out, isSeriesPartial: piece.1)
      }
    }
    return out
  }

  private func document(
    _ results: [(Int, StatementResult, Bool)], _ out: inout [UInt8], isSeriesPartial: Bool = false
  ) {
    out += "{\"results\":[".utf8
    for (index, (id, result, isPartial)) in results.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      out += "{\"statement_id\":\(id)".utf8
      if !result.series.isEmpty {
        out += ",\"series\":[".utf8
        for (position, series) in result.series.enumerated() {
          if position > 0 { out.append(UInt8(ascii: ",")) }
          write(series, zone: result.zone, isPartial: isSeriesPartial, &out)
        }
        out.append(UInt8(ascii: "]"))
      }
      if let warning = result.warning {
        out += ",\"messages\":[{\"level\":\"warning\",\"text\":".utf8
        GoJSON.write(warning, to: &out)
        out += "}]".utf8
      }
      if isPartial { out += ",\"partial\":true".utf8 }
      if let error = result.error {
        out += ",\"error\":".utf8
        GoJSON.write(error, to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
    out += "]}\n".utf8
  }

  private func write(_ series: ResultSeries, zone: TimeZone, isPartial: Bool, _ out: inout [UInt8]) {
    out.append(UInt8(ascii: "{"))
    if !series.name.isEmpty {
      out += "\"name\":".utf8
      GoJSON.write(series.name, to: &out)
      out.append(UInt8(ascii: ","))
    }
    if let tags = series.tags {
      out += "\"tags\":{".utf8
      for (index, tag) in tags.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        GoJSON.write(tag.key, to: &out)
        out.append(UInt8(ascii: ":"))
        GoJSON.write(tag.value, to: &out)
      }
      out += "},".utf8
    }
    out += "\"columns\":[".utf8
    for (index, column) in series.columns.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      GoJSON.write(column, to: &out)
    }
    out.append(UInt8(ascii: "]"))
    if !series.rows.isEmpty {
      out += ",\"values\":[".utf8
      for (index, row) in series.rows.enumerated() {
        out += (index > 0 ? ",[" : "[").utf8
        if let times = series.times { write(times[index], zone, isQuoted: true, &out) }
        for (column, value) in row.enumerated() {
          if column > 0 || series.times != nil { out.append(UInt8(ascii: ",")) }
          GoJSON.write(value, to: &out)
        }
        out.append(UInt8(ascii: "]"))
      }
      out.append(UInt8(ascii: "]"))
    }
    if isPartial { out += ",\"partial\":true".utf8 }
    out.append(UInt8(ascii: "}"))
  }

  private func write(_ time: Int64, _ zone: TimeZone, isQuoted: Bool, _ out: inout [UInt8]) {
    if let epoch {
      out += String(time / epoch.nanoseconds).utf8
    } else {
      if isQuoted { out.append(UInt8(ascii: "\"")) }
      InfluxTime.append(time, zone: zone, to: &out)
      if isQuoted { out.append(UInt8(ascii: "\"")) }
    }
  }

  // MARK: CSV

  /// `name,tags,time,…`; times are always numbers, nanoseconds unless `epoch` says otherwise.
  func csv(_ results: [StatementResult]) -> [UInt8] {
    var out: [UInt8] = []
    var columns: [String] = []
    for result in results {
      if let error = result.error {
        out += "error\n".utf8
        field(error, &out)
        out.append(0x0A)
        continue
      }
      columns = []
      for series in result.series {
        if series.columns != columns {
          if !out.isEmpty { out.append(0x0A) }
          out += "name,tags".utf8
          for column in series.columns {
            out.append(UInt8(ascii: ","))
            field(column, &out)
          }
          out.append(0x0A)
          columns = series.columns
        }
        let tags = (series.tags ?? []).filter { !$0.value.isEmpty }
          .map { "\(Self.escaped($0.key))=\(Self.escaped($0.value))" }.joined(separator: ",")
        for (index, row) in series.rows.enumerated() {
          field(series.name, &out)
          out.append(UInt8(ascii: ","))
          field(tags, &out)
          if let times = series.times {
            out += ",\(times[index] / (epoch?.nanoseconds ?? 1))".utf8
          }
          for value in row {
            out.append(UInt8(ascii: ","))
            if case .string(let text) = value {
              field(text, &out)
            } else if case .float(let number) = value {
              GoJSON.write(number, allowsExponent: false, to: &out)
            } else if !value.isNull {
              GoJSON.write(value, to: &out)
            }
          }
          out.append(0x0A)
        }
      }
    }
    return out
  }

  /// As in line protocol.
  private static func escaped(_ tag: String) -> String {
    tag.replacing(",", with: "\\,").replacing("=", with: "\\=").replacing(" ", with: "\\ ")
  }

  private func field(_ text: String, _ out: inout [UInt8]) {
    let needsQuotes =
      text.utf8.contains { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D }
      || text.first == " "
    if needsQuotes {
      out += "\"\(text.replacing("\"", with: "\"\""))\"".utf8
    } else {
      out += text.utf8
    }
  }
}

/// Numbers and texts as Go's encoding/json writes them.
enum GoJSON {
  static func write(_ value: FieldValue, to out: inout [UInt8]) {
    switch value {
    case .null: out += "null".utf8
    case .boolean(let flag): out += (flag ? "true" : "false").utf8
    case .integer(let integer): out += String(integer).utf8
    case .float(let number): write(number, to: &out)
    case .string(let text): write(text, to: &out)
    }
  }

  /// The shortest digits that give the number back; an exponent below 1e-6 and from 1e21 on.
  static func write(_ number: Double, allowsExponent: Bool = true, to out: inout [UInt8]) {
    guard number.isFinite else {
      out += "null".utf8
      return
    }
    if number == number.rounded(), abs(number) < 1e15 {
      out += (number == 0 && number.sign == .minus ? "-0" : String(Int64(number))).utf8
      return
    }
    // Swift's description has the shortest digits too, in another notation.
    var digits: [UInt8] = []
    var exponent = 0
    var isNegative = false
    var pointAt: Int?
    var text = Array(number.description.utf8)[...]
    if text.first == UInt8(ascii: "-") {
      isNegative = true
      text = text.dropFirst()
    }
    if let e = text.firstIndex(of: UInt8(ascii: "e")) {
      exponent = Int(String(decoding: text[(e + 1)...], as: UTF8.self)) ?? 0
      text = text[..<e]
    }
    for byte in text {
      if byte == UInt8(ascii: ".") { pointAt = digits.count } else { digits.append(byte) }
    }
    var point = (pointAt ?? digits.count) + exponent
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    while digits.count > 1, digits.first == UInt8(ascii: "0") {
      digits.removeFirst()
      point -= 1
    }
    if isNegative { out.append(UInt8(ascii: "-")) }
    if allowsExponent, abs(number) < 1e-6 || abs(number) >= 1e21 {
      out.append(digits[0])
      if digits.count > 1 {
        out.append(UInt8(ascii: "."))
        out += digits[1...]
      }
      let power = point - 1
      out += "e\(power < 0 ? "-" : "+")\(abs(power))".utf8
    } else if point <= 0 {
      out += "0.".utf8
      out += Array(repeating: UInt8(ascii: "0"), count: -point)
      out += digits
    } else if point >= digits.count {
      out += digits
      out += Array(repeating: UInt8(ascii: "0"), count: point - digits.count)
    } else {
      out += digits[..<point]
      out.append(UInt8(ascii: "."))
      out += digits[point...]
    }
  }

  /// With quotes. `<`, `>`, `&` and the line separators are escaped, bad UTF-8 has become U+FFFD.
  static func write(_ text: String, to out: inout [UInt8]) {
    let isPlain = text.utf8.allSatisfy {
      $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "<")
        && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "&")
    }
    if isPlain {
      out.append(UInt8(ascii: "\""))
      out += text.utf8
      out.append(UInt8(ascii: "\""))
      return
    }
    out.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\"".utf8
      case "\\": out += "\\\\".utf8
      case "\n": out += "\\n".utf8
      case "\r": out += "\\r".utf8
      case "\t": out += "\\t".utf8
      case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{0}"..<"\u{20}":
        let hex = String(scalar.value, radix: 16)
        out += "\\u".utf8
        out += Array(repeating: UInt8(ascii: "0"), count: 4 - hex.utf8.count)
        out += hex.utf8
      default: out += String(scalar).utf8
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
