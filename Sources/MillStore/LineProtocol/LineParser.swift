import Glibc

/// Reads line protocol. No I/O; good lines are kept when others are bad.
///
/// What is accepted, and every reason, is that of InfluxDB 1.x's parser (influxdata/influxdb, models/points.go),
/// but for three things: unsigned fields (`1u`) are taken as InfluxDB 2 takes them, strings have a limit, and
/// anything between a string's closing quote and the next comma is an error instead of being kept.
public enum LineParser {
  /// Bytes of measurement, tags and field key together (InfluxDB: MaxKeyLength).
  public static let keyLengthMax = 65_535
  /// Bytes of a string field's value (InfluxDB documentation: 64 KB).
  public static let stringLengthMax = 65_536
  /// Bytes of a body; offsets are kept in 32 bits.
  public static let bodyLengthMax = 1 << 30

  /// - Parameters:
  ///   - precision: the unit of the timestamps.
  ///   - now: nanoseconds since 1970, for lines without a timestamp; cut to the precision, as InfluxDB does.
  public static func parse(_ bytes: [UInt8], precision: TimestampPrecision = .nanoseconds, now: Int64) -> ParsedPoints {
    precondition(bytes.count <= bodyLengthMax, "the caller limits the body")
    var result = ParsedPoints(bytes: bytes)
    // Keys whose tags had to be sorted: appended to the buffer at the end, so that one buffer holds everything.
    var arena: [UInt8] = []
    bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      var scanner = LineScanner(
        base: base, bodyCount: buffer.count, precision: precision.nanoseconds,
        defaultTime: now - now % precision.nanoseconds)
      var position = 0
      while position < buffer.count {
        let end = scanner.lineEnd(from: position)
        var start = position
        position = end + 1
        while start < end, base[start] == 0x20 || base[start] == 0x09 || base[start] == 0 { start += 1 }
        if start >= end || base[start] == UInt8(ascii: "#") { continue }
        let fieldsBefore = result.fields.count
        do throws(LineScanner.Reason) {
          result.points.append(try scanner.point(start, end, &result.fields, &arena))
        } catch {
          result.fields.removeLast(result.fields.count - fieldsBefore)
          result.rejected.append(RejectedLine(line: Array(buffer[start..<end]), reason: error.text))
        }
      }
    }
    result.bytes += arena
    return result
  }

  /// A measurement as it was meant: `\,` and `\ ` lose their backslash.
  static func unescapeMeasurement(_ bytes: some Collection<UInt8>) -> String {
    unescape(bytes) { $0 == UInt8(ascii: ",") || $0 == 0x20 }
  }

  /// A tag key, tag value or field key as it was meant: `\,`, `\=` and `\ ` lose their backslash.
  static func unescapeTag(_ bytes: some Collection<UInt8>) -> String {
    unescape(bytes) { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "=") || $0 == 0x20 }
  }

  private static func unescape(_ bytes: some Collection<UInt8>, _ isEscapable: (UInt8) -> Bool) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    for byte in bytes {
      if isEscapable(byte), out.last == UInt8(ascii: "\\") { out.removeLast() }
      out.append(byte)
    }
    return String(decoding: out, as: UTF8.self)
  }
}
