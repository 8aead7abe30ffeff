import Glibc
import MillColumns
import MillLog

/// What a pipeline reads: records of a topic's partition, lines of a file, or rows of another operator.
enum ScanInput: Sendable {
  case records(RecordBatch)
  case lines(Lines)
  /// What another operator made.
  case rows(ColumnBatch)

  var count: Int {
    switch self {
    case .records(let records): records.count
    case .lines(let lines): lines.count
    case .rows(let batch): batch.count
    }
  }
}

/// Lines that lie in somebody's buffer, with ``JSONReader/padding`` bytes after them.
///
/// @unchecked: the buffer is the caller's, which waits for the query to be done with it; nothing that comes out of
/// the query points into it.
struct Lines: @unchecked Sendable {
  let text: UnsafeRawBufferPointer
  /// Where each line lies in `text`, without its end.
  private(set) var starts: [Int32]
  private(set) var counts: [Int32]
  /// Those of JSON that were arrays, by their rows.
  private(set) var arrays: [JSONArray] = []
  /// What the file's directory has for the source's other columns.
  var partition: [Value] = []

  var count: Int { starts.count }

  /// A line for ``JSONReader/append(inPlace:count:)``, which changes the byte after it for a while.
  func bytes(_ row: Int) -> UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(mutating: text.baseAddress! + Int(starts[row])).assumingMemoryBound(to: UInt8.self)
  }

  /// Records that may be longer than a line.
  ///
  /// - Parameter memory: gets their places too.
  init(_ text: UnsafeRawBufferPointer, starts: [Int32], counts: [Int32], _ memory: inout LineMemory) {
    self.text = text
    (self.starts, self.counts) = (starts, counts)
    (memory.starts, memory.counts) = (starts, counts)
  }

  /// Puts the elements of arrays in the place of lines.
  mutating func replace(_ starts: [Int32], _ counts: [Int32], _ arrays: [JSONArray], _ memory: inout LineMemory) {
    (self.starts, self.counts, self.arrays) = (starts, counts, arrays)
    (memory.starts, memory.counts) = (starts, counts)
  }

  /// Lines end with LF, CR LF or CR, as in Spark's text source.
  init(_ text: UnsafeRawBufferPointer, reusing memory: inout [Int32], _ memoryOfCounts: inout [Int32]) {
    self.text = text
    memory.removeAll(keepingCapacity: true)
    memoryOfCounts.removeAll(keepingCapacity: true)
    if let base = text.baseAddress {
      let hasReturns = memchr(base, 13, text.count) != nil
      var start = 0
      while start < text.count {
        let end = memchr(base + start, 10, text.count - start).map { UnsafeRawPointer($0) - base } ?? text.count
        if hasReturns {
          Self.split(text, start, end, &memory, &memoryOfCounts)
        } else {
          memory.append(Int32(start))
          memoryOfCounts.append(Int32(end - start))
        }
        start = end + 1
      }
    }
    starts = memory
    counts = memoryOfCounts
  }

  private static func split(
    _ text: UnsafeRawBufferPointer, _ from: Int, _ to: Int, _ starts: inout [Int32], _ counts: inout [Int32]
  ) {
    var start = from
    for at in from..<to where text[at] == 13 {
      starts.append(Int32(start))
      counts.append(Int32(at - start))
      start = at + 1
    }
    // After CR LF there is nothing left; a line that ends with LF alone has its rest here.
    if start < to || start == from {
      starts.append(Int32(start))
      counts.append(Int32(to - start))
    }
  }

  subscript(row: Int) -> UnsafeRawBufferPointer {
    let start = Int(starts[row])
    return UnsafeRawBufferPointer(rebasing: text[start..<(start + Int(counts[row]))])
  }
}

extension ScanInput {
  /// The values as a binary or string column.
  func valueColumn(of type: DataType) -> Column {
    switch self {
    case .records(let records): return records.column(of: type) { ($0.valueStart, $0.valueCount) }
    case .lines(let lines):
      var builder = ColumnBuilder(type, capacity: lines.count)
      for row in 0..<lines.count { builder.append(bytes: lines[row]) }
      return builder.finish()
    case .rows: preconditionFailure("rows have columns, not values")
    }
  }
}
