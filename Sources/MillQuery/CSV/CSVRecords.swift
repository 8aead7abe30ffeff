/// The records of a CSV file whose texts in quotes have line ends in them (multiLine), as the univocity parser that Spark
/// uses finds their ends.
enum CSVRecords {
  /// Line ends become LF, whichever the file has: its first one says so (LF, CR LF or CR).
  ///
  /// - Returns: the bytes that are left.
  static func normalize(_ text: UnsafeMutableRawBufferPointer) -> Int {
    guard let first = text.firstIndex(where: { $0 == 10 || $0 == 13 }), text[first] == 13 else { return text.count }
    let isPair = first + 1 < text.count && text[first + 1] == 10
    var kept = 0
    var at = 0
    while at < text.count {
      var byte = text[at]
      at += 1
      if byte == 13, !isPair || (at < text.count && text[at] == 10) {
        byte = 10
        if isPair { at += 1 }
      }
      text[kept] = byte
      kept += 1
    }
    return kept
  }

  /// The places of a file's records; the header is none.
  static func split(_ text: UnsafeRawBufferPointer, _ options: CSVOptions) -> (starts: [Int32], counts: [Int32]) {
    let line = CSVLine(options)
    let bytes = text.bindMemory(to: UInt8.self)
    var (starts, counts): ([Int32], [Int32]) = ([], [])
    var start = 0
    var skips = options.hasHeader
    while start < text.count {
      if let comment = options.comment?.utf8.first, text[start] == comment {
        start = (text[start...].firstIndex(of: 10) ?? text.count) + 1
        continue
      }
      let end = line.end(ofRecordIn: bytes, from: start)
      // Empty lines are none.
      if end > start {
        if !skips {
          starts.append(Int32(start))
          counts.append(Int32(end - start))
        }
        skips = false
      }
      start = end + 1
    }
    return (starts, counts)
  }
}
