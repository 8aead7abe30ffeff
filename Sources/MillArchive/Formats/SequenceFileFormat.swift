/// Hadoop's SequenceFile, not compressed: keys are the events' times (LongWritable), values the bodies.
///
/// (org.apache.hadoop.io.SequenceFile, version 6.)
public final class SequenceFileFormat: EventFormat {
  /// Flume's `hdfs.writeFormat`.
  public enum Value: String, CaseIterable, Sendable {
    /// BytesWritable: a length of four bytes, then the bytes.
    case writable = "Writable"
    /// Text: a length as variable integer, then the bytes.
    case text = "Text"
  }

  /// After so many bytes comes a sync mark, where a reader can begin in the middle (SequenceFile.SYNC_INTERVAL).
  static let syncInterval: Int64 = 5 * 1024 * 20

  private let value: Value
  /// Sixteen bytes that appear nowhere else in the file.
  private let marker: [UInt8]
  private var position: Int64 = 0
  private var lastMark: Int64 = 0

  /// - Parameter marker: 16 bytes; random unless given.
  public init(value: Value, marker: [UInt8] = (0..<16).map { _ in UInt8.random(in: 0...255) }) {
    precondition(marker.count == 16, "a sync marker has 16 bytes")
    self.value = value
    self.marker = marker
  }

  public func start() -> [UInt8] {
    var out = Array("SEQ".utf8) + [6]
    let valueClass = value == .text ? "org.apache.hadoop.io.Text" : "org.apache.hadoop.io.BytesWritable"
    for name in ["org.apache.hadoop.io.LongWritable", valueClass] {
      Self.writeVariable(name.utf8.count, to: &out)
      out += name.utf8
    }
    // Not compressed, no blocks, no metadata.
    out += [0, 0, 0, 0, 0, 0]
    out += marker
    position = Int64(out.count)
    return out
  }

  public func encode(_ event: ArchiveEvent, into out: inout [UInt8]) {
    if position >= lastMark + Self.syncInterval { appendMark(to: &out) }
    let start = out.count
    var length: [UInt8] = []
    switch value {
    case .writable: Self.write(UInt32(event.body.count), to: &length)
    case .text: Self.writeVariable(event.body.count, to: &length)
    }
    Self.write(UInt32(8 + length.count + event.body.count), to: &out)
    Self.write(UInt32(8), to: &out)
    Self.write(UInt32(truncatingIfNeeded: event.timestamp >> 32), to: &out)
    Self.write(UInt32(truncatingIfNeeded: event.timestamp), to: &out)
    out += length
    out += event.body
    position += Int64(out.count - start)
  }

  public func mark() -> [UInt8] {
    guard position != lastMark else { return [] }
    var out: [UInt8] = []
    appendMark(to: &out)
    return out
  }

  public func finish() -> [UInt8] { [] }

  private func appendMark(to out: inout [UInt8]) {
    out += [0xFF, 0xFF, 0xFF, 0xFF]
    out += marker
    position += 20
    lastMark = position
  }

  private static func write(_ value: UInt32, to out: inout [UInt8]) {
    for shift in [24, 16, 8, 0] { out.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }

  /// Hadoop's variable integer (WritableUtils.writeVLong) for what is not negative.
  static func writeVariable(_ value: Int, to out: inout [UInt8]) {
    if value <= 127 { return out.append(UInt8(value)) }
    let size = (64 - value.leadingZeroBitCount + 7) / 8
    out.append(UInt8(bitPattern: Int8(-112 - size)))
    for index in stride(from: size - 1, through: 0, by: -1) {
      out.append(UInt8(truncatingIfNeeded: value >> (8 * index)))
    }
  }
}
