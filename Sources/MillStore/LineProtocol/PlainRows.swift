import MillColumns

/// Rows in which nothing is null, left out, escaped or rejected: text and value in turn, without a question a value.
///
/// Whether rows are so is asked of a block of them, column by column. The lines are those of ``LineProtocolRun``.
struct PlainRows {
  /// Rows of a block.
  static let blockRows = 64

  /// A value, and the text between the value before and this one.
  private struct Piece {
    var form: PointPlan.Form
    var scale: Int
    var lead: UnsafePointer<UInt8>
    var leadCount: Int
    var values: UnsafeRawPointer
    var offsets: UnsafePointer<Int32>
    var validity: UnsafePointer<UInt8>?
    var isTag: Bool

    func fixed<T: BitwiseCopyable>(_ row: Int, _ type: T.Type) -> T { values.assumingMemoryBound(to: T.self)[row] }
  }

  private let pieces: [Piece]
  private let end: UnsafePointer<UInt8>
  private let endCount: Int
  /// Bytes of a line besides its texts, at most.
  private let lineBytes: Int

  /// nil when no row of this plan can be plain.
  init?(_ plan: PointPlan, _ batch: ColumnBatch) {
    guard let line = plan.plain else { return nil }
    let texts = line.texts.pointer(UInt8.self)
    pieces = line.parts.enumerated().map { index, part in
      let column = batch.columns[part.column]
      let nowhere = plan.texts.base
      return Piece(
        form: part.form, scale: part.scale, lead: texts + part.prefixStart, leadCount: part.prefixCount,
        values: column.values?.base ?? nowhere,
        offsets: (column.offsets?.base ?? nowhere).assumingMemoryBound(to: Int32.self),
        validity: column.validity?.pointer(UInt8.self), isTag: index < line.tagCount)
    }
    end = texts + line.endStart
    endCount = line.endCount
    lineBytes = pieces.reduce(endCount) { $0 + $1.leadCount + LineProtocolRun.slack }
  }

  /// Writes the rows, unless one of them is not plain; `moments` are their times in nanoseconds, when lines have them.
  func encode(_ rows: Range<Int>, _ moments: UnsafePointer<Int64>?, into output: inout BufferBuilder) -> Bool {
    var room = rows.count * lineBytes + (moments == nil ? 0 : rows.count * LineProtocolRun.slack)
    var tagBytes = 0
    for piece in pieces {
      guard isPlain(piece, rows) else { return false }
      if piece.form == .text {
        let bytes = Int(piece.offsets[rows.upperBound]) - Int(piece.offsets[rows.lowerBound])
        room += bytes
        if piece.isTag { tagBytes += bytes }
      }
    }
    guard tagBytes + lineBytes <= LineProtocolEncoder.seriesKeyBytesMax else { return false }
    output.reserve(room)
    var next = (output.base + output.count).assumingMemoryBound(to: UInt8.self)
    pieces.withUnsafeBufferPointer { pieces in
      let (first, last) = (pieces.baseAddress!, pieces.baseAddress! + pieces.count)
      for row in rows {
        var piece = first
        repeat {
          TextBlock.copy(piece.pointee.lead, piece.pointee.leadCount, to: next)
          next += piece.pointee.leadCount
          switch piece.pointee.form {
          case .text:
            let start = Int(piece.pointee.offsets[row])
            let count = Int(piece.pointee.offsets[row &+ 1]) &- start
            TextBlock.copy(piece.pointee.values.assumingMemoryBound(to: UInt8.self) + start, count, to: next)
            next += count
          case .int32: next += IntegerText.write(Int64(piece.pointee.fixed(row, Int32.self)), toRoom: next)
          case .int64: next += IntegerText.write(piece.pointee.fixed(row, Int64.self), toRoom: next)
          default: next += Self.scalar(piece, row, next)
          }
          piece += 1
        } while piece < last
        TextBlock.copy(end, endCount, to: next)
        next += endCount
        if let moments {
          next += IntegerText.write(moments[row &- rows.lowerBound], toRoom: next)
          next[0] = UInt8(ascii: "\n")
          next += 1
        }
      }
    }
    output.count = UnsafeRawPointer(next) - UnsafeRawPointer(output.base)
    return true
  }

  @inline(never) private static func scalar(
    _ piece: UnsafePointer<Piece>, _ row: Int, _ target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    LineProtocolRun.scalar(piece.pointee.form, piece.pointee.scale, piece.pointee.values, row, target)
  }

  /// Can the values of these rows be copied as they are?
  private func isPlain(_ piece: Piece, _ rows: Range<Int>) -> Bool {
    if let validity = piece.validity, !rows.allSatisfy({ Validity.isValid(validity, $0) }) { return false }
    switch piece.form {
    case .text:
      let start = Int(piece.offsets[rows.lowerBound])
      let count = Int(piece.offsets[rows.upperBound]) - start
      let text = piece.values.assumingMemoryBound(to: UInt8.self) + start
      // Of all rows together: more than one of them may have alone is rare enough.
      if count > LineProtocolEncoder.stringBytesMax { return false }
      guard piece.isTag else { return !TextBlock.hasSpecials(text, count) }
      return !TextBlock.hasTagSpecials(text, count) && rows.allSatisfy { piece.offsets[$0] < piece.offsets[$0 + 1] }
    case .float: return rows.allSatisfy { piece.fixed($0, Float.self).isFinite }
    case .double: return rows.allSatisfy { piece.fixed($0, Double.self).isFinite }
    case .timestamp: return !piece.isTag
    case .null: return false
    default: return true
    }
  }
}

extension PointPlan {
  /// The texts of a line of which no part is left out.
  struct Plain: Sendable {
    /// Tags, then fields. A prefix, in ``texts``, is all that stands between the value before and this one.
    var parts: [Part]
    var tagCount: Int
    /// What follows the last value, in ``texts``.
    var endStart: Int
    var endCount: Int
    var texts: Buffer
  }

  /// nil when the measurement is a column.
  func plainLine() -> Plain? {
    guard measurementColumn == nil else { return nil }
    var plainTexts = BufferBuilder()
    func put(_ text: [UInt8]) -> Int {
      text.withUnsafeBytes { plainTexts.append($0) }
      return plainTexts.count - text.count
    }
    var parts = tags + fields
    let from = texts.pointer(UInt8.self)
    var lead = Array(UnsafeBufferPointer(start: from, count: measurementCount))
    for (index, part) in parts.enumerated() {
      var prefix = Array(UnsafeBufferPointer(start: from + part.prefixStart, count: part.prefixCount))
      // The first field's comma is where the space belongs.
      if index == tags.count { prefix[0] = UInt8(ascii: " ") }
      lead += prefix
      parts[index].prefixStart = put(lead)
      parts[index].prefixCount = lead.count
      lead = index < tags.count ? [] : closing(part.form)
    }
    lead.append(time == nil ? UInt8(ascii: "\n") : UInt8(ascii: " "))
    return Plain(
      parts: parts, tagCount: tags.count, endStart: put(lead), endCount: lead.count, texts: plainTexts.take())
  }

  /// What follows a field's value.
  private func closing(_ form: Form) -> [UInt8] {
    switch form {
    case .text, .date, .timestamp: [UInt8(ascii: "\"")]
    case .int8, .int16, .int32, .int64: integerSuffix ? [UInt8(ascii: "i")] : []
    default: []
    }
  }
}
