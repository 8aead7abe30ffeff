import MillColumns

/// Lines of JSON files that are arrays: every element is a row.
extension Lines {
  /// An array's place, and which rows it became.
  struct JSONArray: Sendable {
    var start: Int32
    var count: Int32
    var rows: Range<Int>
  }

  /// Puts the elements of arrays of objects in their place. What is no such array stays: it is malformed as a whole.
  ///
  /// - Parameter memory: gets the new places too.
  mutating func splitArrays(_ options: JSONOptions, _ memory: inout LineMemory) {
    guard let first = starts.indices.first(where: { begins($0, with: UInt8(ascii: "["), options) }) else { return }
    let scanner = ArrayScanner(options)
    var arrays: [JSONArray] = []
    var newStarts = Array(starts[..<first])
    var newCounts = Array(counts[..<first])
    for row in first..<count {
      guard begins(row, with: UInt8(ascii: "["), options),
        let elements = scanner.elements(of: bytes(row), count: Int(counts[row]))
      else {
        newStarts.append(starts[row])
        newCounts.append(counts[row])
        continue
      }
      let rows = newStarts.count..<(newStarts.count + elements.count)
      arrays.append(.init(start: starts[row], count: counts[row], rows: rows))
      for element in elements {
        newStarts.append(starts[row] + Int32(element.lowerBound))
        newCounts.append(Int32(element.count))
      }
    }
    replace(newStarts, newCounts, arrays, &memory)
  }

  /// Is this the line's first sign that is no white space? With comments allowed, it may be.
  private func begins(_ row: Int, with sign: UInt8, _ options: JSONOptions) -> Bool {
    let line = self[row]
    guard let first = line.first(where: { $0 > 32 }) else { return false }
    return first == sign || (options.allowComments && first == UInt8(ascii: "/"))
  }
}

/// Finds the elements of arrays.
private final class ArrayScanner {
  private var machine: JSONMachine
  /// What the machine looks at before it has a document.
  private let nothing = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)

  init(_ options: JSONOptions) {
    machine = JSONMachine(options, at: BytePointer(nothing))
  }

  deinit {
    machine.nesting.deallocate()
    nothing.deallocate()
  }

  /// - Parameter document: as ``JSONReader/append(inPlace:count:)`` wants it.
  /// - Returns: the elements' places; nil when it is no array of objects, or no JSON.
  func elements(of document: UnsafeMutablePointer<UInt8>, count: Int) -> [Range<Int>]? {
    let after = document[count]
    document[count] = 0
    defer {
      document[count] = after
      machine.failure = nil
    }
    machine.begin = BytePointer(document)
    machine.end = BytePointer(document + count)
    machine.depth = 1
    var p = machine.skipSpace(machine.begin)
    guard p.pointee == UInt8(ascii: "[") else { return nil }
    var elements: [Range<Int>] = []
    p = machine.skipSpace(p + 1)
    if p.pointee == UInt8(ascii: "]") { return elements }
    while p.pointee == UInt8(ascii: "{") {
      guard let end = machine.skip(p) else { return nil }
      elements.append((p - machine.begin)..<(end - machine.begin))
      p = machine.skipSpace(end)
      if p.pointee == UInt8(ascii: "]") { return elements }
      guard p.pointee == UInt8(ascii: ",") else { return nil }
      p = machine.skipSpace(p + 1)
    }
    return nil
  }
}

extension JSONRows {
  /// Rows of one array stand and fall together: one that is dropped takes the others with it, and the corrupt record of
  /// any of them is the whole line, for all.
  ///
  /// - Parameter corrupt: the column of corrupt records.
  mutating func join(_ lines: Lines, corrupt: Int?) {
    var isKept = (0..<column.count).map { !column.isNull($0) }
    for array in lines.arrays where array.rows.contains(where: { !isKept[$0] }) {
      for row in array.rows { isKept[row] = false }
    }
    var children = column.children
    if let corrupt {
      var builder = ColumnBuilder(.string, capacity: column.count)
      var arrays = lines.arrays[...]
      var row = 0
      while row < column.count {
        while let next = arrays.first, next.rows.upperBound <= row { arrays = arrays.dropFirst() }
        let array = arrays.first.flatMap { $0.rows.contains(row) ? $0 : nil }
        let rows = array?.rows ?? row..<(row + 1)
        let isCorrupt = rows.contains { !children[corrupt].isNull($0) }
        for one in rows {
          if !isCorrupt {
            builder.appendNull()
          } else if let array {
            builder.append(
              bytes: UnsafeRawBufferPointer(rebasing: lines.text[Int(array.start)..<Int(array.start + array.count)]))
          } else {
            children[corrupt].withBytes(one) { builder.append(bytes: $0) }
          }
        }
        row = rows.upperBound
      }
      children[corrupt] = builder.finish()
    }
    var validity = ValidityBuilder(capacity: column.count)
    for keeps in isKept { validity.append(keeps) }
    column = Column(column.type, count: column.count, validity: validity.take(), children: children)
  }
}
