/// Where the lines of a body lie.
enum LineRanges {
  /// Without line ends; empty lines are left out. A line break in a quoted string belongs to its line.
  static func lines(of bytes: [UInt8]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      let scanner = LineScanner(base: base, bodyCount: buffer.count, precision: 1, defaultTime: 0)
      var start = 0
      while start < buffer.count {
        let end = scanner.lineEnd(from: start)
        if end > start { ranges.append(start..<end) }
        start = end + 1
      }
    }
    return ranges
  }

  static func body(_ bytes: [UInt8], _ ranges: ArraySlice<Range<Int>>) -> [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(ranges.reduce(0) { $0 + $1.count + 1 })
    for range in ranges {
      body += bytes[range]
      body.append(0x0A)
    }
    return body
  }
}
