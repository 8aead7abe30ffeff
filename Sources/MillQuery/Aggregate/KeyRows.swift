import MillColumns

/// The keys of many rows with their hashes: for every row the bytes that ``KeyBytes`` has for it.
///
/// Made column by column: what type a column has is asked once, not for every row.
///
/// @unchecked: nothing changes after `init`.
final class KeyRows: @unchecked Sendable {
  let count: Int
  fileprivate var bytes: KeyMemory<UInt8>
  /// Where the key of a row begins; one more at the end.
  fileprivate var starts: KeyMemory<Int>
  fileprivate var hashes: KeyMemory<UInt64>

  init(_ columns: [Column], count: Int) {
    self.count = count
    starts = KeyMemory(capacity: count + 1)
    hashes = KeyMemory(capacity: count)
    let nested = columns.map { $0.type.isNested ? NestedKeys($0, count) : nil }
    let starts = starts.base
    Self.measure(columns, nested, count, starts)
    bytes = KeyMemory(capacity: starts[count])
    let base = bytes.base
    withUnsafeTemporaryAllocation(of: Int.self, capacity: max(1, count)) { ends in
      for row in 0..<count { ends[row] = starts[row] }
      let target = Target(base: base, ends: ends.baseAddress!)
      for (column, nested) in zip(columns, nested) { target.write(column, nested, count) }
    }
    let hashes = hashes.base
    for row in 0..<count { hashes[row] = KeyBytes.hash(base + starts[row], starts[row + 1] - starts[row]) }
  }

  func with<Result>(
    _ body: (_ bytes: UnsafePointer<UInt8>, _ starts: UnsafePointer<Int>, _ hashes: UnsafePointer<UInt64>) -> Result
  ) -> Result { withExtendedLifetime(self) { body(bytes.base, starts.base, hashes.base) } }

  /// Fills in where the keys begin.
  private static func measure(
    _ columns: [Column], _ nested: [NestedKeys?], _ count: Int, _ starts: UnsafeMutablePointer<Int>
  ) {
    // Columns that have the same width in all rows.
    let width = columns.reduce(0) { $0 + ($1.nullCount == 0 ? 1 + ($1.type.width ?? 0) : 0) }
    for row in 0...count { starts[row] = width }
    for (column, nested) in zip(columns, nested) {
      if let nested {
        for row in 0..<count { starts[row] += nested.count(row) - (column.nullCount == 0 ? 1 : 0) }
      } else if column.nullCount > 0 {
        for row in 0..<count {
          if column.isNull(row) {
            starts[row] += 1
          } else if let width = column.type.width {
            starts[row] += 1 + width
          } else {
            starts[row] += 5 + column.offset(row + 1) - column.offset(row)
          }
        }
      } else if column.type.width == nil {
        column.withStrings { offsets, _ in
          for row in 0..<count { starts[row] += 4 + Int(offsets[row + 1] - offsets[row]) }
        }
      }
    }
    var end = 0
    for row in 0...count {
      let size = starts[row]
      starts[row] = end
      end += size
    }
  }

  /// Where the next column of every row goes.
  private struct Target {
    let base: UnsafeMutablePointer<UInt8>
    let ends: UnsafeMutablePointer<Int>

    func write(_ column: Column, _ nested: NestedKeys?, _ count: Int) {
      if let nested {
        for row in 0..<count { nested.copy(row, base + ends[row], &ends[row]) }
        return
      }
      switch column.type {
      case .null, .array, .map, .struct: for row in 0..<count { null(row) }
      case .boolean, .byte: fixed(column, count, UInt8.self) { $0 }
      case .short: fixed(column, count, UInt16.self) { $0 }
      case .integer, .date, .yearMonthInterval: fixed(column, count, UInt32.self) { $0 }
      case .long, .timestamp, .dayTimeInterval: fixed(column, count, UInt64.self) { $0 }
      case .decimal: fixed(column, count, UInt128.self) { $0 }
      case .float: fixed(column, count, Float.self) { KeyBytes.bits($0) }
      case .double: fixed(column, count, Double.self) { KeyBytes.bits($0) }
      case .string, .binary: strings(column, count)
      }
    }

    @inline(__always)
    private func null(_ row: Int) {
      base[ends[row]] = 0
      ends[row] += 1
    }

    @inline(__always)
    private func fixed<T: BitwiseCopyable, Bits: BitwiseCopyable>(
      _ column: Column, _ count: Int, _: T.Type, _ bits: (T) -> Bits
    ) {
      column.withFixed(T.self) { values in
        let hasNulls = column.nullCount > 0
        for row in 0..<count {
          if hasNulls, column.isNull(row) {
            null(row)
            continue
          }
          let at = base + ends[row]
          at.pointee = 1
          UnsafeMutableRawPointer(at + 1).storeBytes(of: bits(values[row]), as: Bits.self)
          ends[row] += 1 + MemoryLayout<Bits>.size
        }
      }
    }

    private func strings(_ column: Column, _ count: Int) {
      column.withStrings { offsets, bytes in
        let hasNulls = column.nullCount > 0
        for row in 0..<count {
          if hasNulls, column.isNull(row) {
            null(row)
            continue
          }
          let (start, size) = (Int(offsets[row]), offsets[row + 1] - offsets[row])
          let at = base + ends[row]
          at.pointee = 1
          UnsafeMutableRawPointer(at + 1).storeBytes(of: size, as: Int32.self)
          KeyBytes.copy(bytes + start, to: at + 5, Int(size))
          ends[row] += 5 + Int(size)
        }
      }
    }
  }
}

/// The keys of a column of arrays, maps or structs, made row by row.
private struct NestedKeys {
  private var bytes: [UInt8] = []
  private var ends: [Int] = [0]

  init(_ column: Column, _ count: Int) {
    for row in 0..<count {
      KeyBytes.append(column, row, to: &bytes)
      ends.append(bytes.count)
    }
  }

  func count(_ row: Int) -> Int { ends[row + 1] - ends[row] }

  func copy(_ row: Int, _ target: UnsafeMutablePointer<UInt8>, _ end: inout Int) {
    bytes.withUnsafeBufferPointer { target.update(from: $0.baseAddress! + ends[row], count: count(row)) }
    end += count(row)
  }
}

extension DataType {
  fileprivate var isNested: Bool {
    switch self {
    case .array, .map, .struct: true
    default: false
    }
  }
}
