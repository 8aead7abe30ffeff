import MillColumns

extension FunctionLibrary {
  static let textFunctions: [FunctionDefinition] = [
    simple("upper", "ucase") { $0.uppercased() },
    simple("lower", "lcase") { $0.lowercased() },
    FunctionDefinition("reverse", arity: 1) { call in
      if case .array = call.type(0) { return call.values(call.type(0)) { .array($0[0].elements.reversed()) } }
      try call.castAllToText()
      return call.text { arguments, _ in String(String.UnicodeScalarView(arguments[0].unicodeScalars.reversed())) }
    },
    simple("initcap") { text in
      var startsWord = true
      return String(
        text.lowercased().map { character -> String in
          defer { startsWord = character == " " }
          return startsWord ? character.uppercased() : String(character)
        }.joined())
    },
    trim("trim", "btrim", leading: true, trailing: true), trim("ltrim", leading: true, trailing: false),
    trim("rtrim", leading: false, trailing: true),
    FunctionDefinition("length", "char_length", "character_length", "len", arity: 1) { call in
      if call.type(0) != .binary { try call.castAllToText() }
      let isBinary = call.type(0) == .binary
      return call.result(.integer) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].bytes, to: .integer) { bytes in
          Int32(isBinary ? bytes.count : bytes.count { $0 & 0xC0 != 0x80 })
        }
      }
    },
    FunctionDefinition("octet_length", arity: 1) { call in
      if call.type(0) != .binary { try call.castAllToText() }
      return call.result(.integer) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].bytes, to: .integer) { Int32($0.count) }
      }
    },
    FunctionDefinition("substring", "substr", arity: 2...3) { call in
      if call.type(0) != .binary { try call.castToText([0]) }
      try call.cast(1, to: .integer)
      try call.cast(2, to: .integer)
      if call.type(0) == .binary {
        return ofBytes(call) { cut($0[0], from: $1[0], count: $1.count > 1 ? $1[1] : .max) }
      }
      return withNumbers(call) { text, numbers in
        substring(text, from: numbers[0], count: numbers.count > 1 ? numbers[1] : .max)
      }
    },
    FunctionDefinition("left", arity: 2) { call in
      if call.type(0) != .binary { try call.castToText([0]) }
      try call.cast(1, to: .integer)
      if call.type(0) == .binary { return ofBytes(call) { cut($0[0], from: 1, count: $1[0]) } }
      return withNumbers(call) { text, numbers in substring(text, from: 1, count: numbers[0]) }
    },
    FunctionDefinition("right", arity: 2) { call in
      try call.castToText([0])
      try call.cast(1, to: .integer)
      return withNumbers(call) { text, numbers in
        numbers[0] <= 0 ? "" : substring(text, from: -numbers[0], count: .max, clamps: true)
      }
    },
    FunctionDefinition("repeat", arity: 2) { call in
      try call.castToText([0])
      try call.cast(1, to: .integer)
      return withNumbers(call) { text, numbers in
        guard text.utf8.count * max(0, numbers[0]) <= textBytesMax else {
          throw Failure("repeat: the result is above the limit of \(textBytesMax) bytes")
        }
        return String(repeating: text, count: max(0, numbers[0]))
      }
    },
    FunctionDefinition("concat", "||", arity: 0...255) { call in
      if call.count > 0, call.arguments.allSatisfy({ if case .array = $0.type { true } else { false } }) {
        return try concatArrays(&call)
      }
      let type: DataType = call.count > 0 && call.arguments.allSatisfy { $0.type == .binary } ? .binary : .string
      if type == .string { try call.castAllToText() }
      return call.result(type) { vectors, evaluation in
        let readers = vectors.map(\.bytes)
        return try evaluation.mapBytes(vectors, to: type) { row, out in
          for reader in readers { out += reader[row] }
          return true
        }
      }
    },
    FunctionDefinition("concat_ws", arity: 1...255) { call in try concatWithSeparator(&call) },
    FunctionDefinition("lpad", arity: 2...3) { call in try pad(&call, left: true) },
    FunctionDefinition("rpad", arity: 2...3) { call in try pad(&call, left: false) },
    FunctionDefinition("replace", arity: 2...3) { call in
      try call.castAllToText()
      return call.text { arguments, _ in
        arguments[1].isEmpty
          ? arguments[0] : arguments[0].replacingExactly(arguments[1], with: arguments.count > 2 ? arguments[2] : "")
      }
    },
    FunctionDefinition("translate", arity: 3) { call in
      try call.castAllToText()
      return call.text { arguments, _ in
        let (from, to) = (Array(arguments[1].unicodeScalars), Array(arguments[2].unicodeScalars))
        var result = String.UnicodeScalarView()
        for scalar in arguments[0].unicodeScalars {
          guard let index = from.firstIndex(of: scalar) else {
            result.append(scalar)
            continue
          }
          if index < to.count { result.append(to[index]) }
        }
        return String(result)
      }
    },
    FunctionDefinition("split_part", arity: 3) { call in
      try call.castToText([0, 1])
      try call.cast(2, to: .integer)
      return withNumbers(call, texts: 2) { texts, numbers in
        guard numbers[0] != 0 else {
          throw Failure(
            "[INVALID_INDEX_OF_ZERO] The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1). SQLSTATE: 22003"
          )
        }
        let parts = texts[1].isEmpty ? [texts[0]] : texts[0].split(exactly: texts[1])
        let index = numbers[0] > 0 ? numbers[0] - 1 : parts.count + numbers[0]
        return parts.indices.contains(index) ? parts[index] : ""
      }
    },
    FunctionDefinition("substring_index", arity: 3) { call in
      try call.castToText([0, 1])
      try call.cast(2, to: .integer)
      return withNumbers(call, texts: 2) { texts, numbers in
        if numbers[0] == 0 || texts[1].isEmpty { return "" }
        let parts = texts[0].split(exactly: texts[1])
        let wanted = numbers[0].magnitude
        if wanted >= parts.count { return texts[0] }
        return (numbers[0] > 0 ? parts.prefix(Int(wanted)) : parts.suffix(Int(wanted))).joined(separator: texts[1])
      }
    },
    position("instr", text: 0, part: 1), position("locate", text: 1, part: 0), position("position", text: 1, part: 0),
    test("startswith") { $0.starts(with: $1) },
    test("endswith") { $0.count >= $1.count && $0.suffix($1.count).elementsEqual($1) },
    test("contains") { find($1, in: $0, from: 0) != nil },
    FunctionDefinition("ascii", arity: 1) { call in
      try call.castAllToText()
      return call.result(.integer) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].strings, to: .integer) { Int32($0.unicodeScalars.first?.value ?? 0) }
      }
    },
    FunctionDefinition("chr", "char", arity: 1) { call in
      try call.cast(0, to: .long)
      return call.result(.string) { vectors, evaluation in
        let values = vectors[0].fixed(Int64.self)
        return try evaluation.mapBytes(vectors) { row, out in
          if values[row] >= 0 { out += String(Unicode.Scalar(UInt8(truncatingIfNeeded: values[row]))).utf8 }
          return true
        }
      }
    },
  ]

  /// Longest text that repeat and the pads make.
  static let textBytesMax = 64 << 20

  private static func simple(_ names: String..., body: @escaping @Sendable (String) -> String) -> FunctionDefinition {
    var definition = FunctionDefinition(names[0], arity: 1) { call in
      try call.castAllToText()
      return call.text { arguments, _ in body(arguments[0]) }
    }
    definition = FunctionDefinition(names: names, arity: 1...1, build: definition.build)
    return definition
  }

  private static func trim(_ names: String..., leading: Bool, trailing: Bool) -> FunctionDefinition {
    FunctionDefinition(names: names, arity: 1...2) { call in
      try call.castAllToText()
      return call.text { arguments, _ in
        let unwanted = arguments.count > 1 ? Array(arguments[1].unicodeScalars) : [" "]
        var scalars = arguments[0].unicodeScalars[...]
        if leading { scalars = scalars.drop { unwanted.contains($0) } }
        if trailing { while let last = scalars.last, unwanted.contains(last) { scalars.removeLast() } }
        return String(scalars)
      }
    }
  }

  /// One text, then whole numbers.
  private static func withNumbers(
    _ call: FunctionCall, _ body: @escaping @Sendable (String, [Int]) throws -> String
  ) -> Expression {
    withNumbers(call, texts: 1) { texts, numbers in try body(texts[0], numbers) }
  }

  private static func withNumbers(
    _ call: FunctionCall, texts: Int, _ body: @escaping @Sendable ([String], [Int]) throws -> String
  ) -> Expression {
    call.result(.string) { vectors, evaluation in
      let readers = vectors.prefix(texts).map(\.strings)
      let numbers = vectors.dropFirst(texts).map { $0.fixed(Int32.self) }
      return try evaluation.mapBytes(vectors) { row, out in
        out += try body(readers.map { $0[row] }, numbers.map { Int($0[row]) }).utf8
        return true
      }
    }
  }

  /// Positions count from 1, 0 means 1, negative ones count from the end.
  static func substring(_ text: String, from position: Int, count: Int, clamps: Bool = false) -> String {
    let range = range(of: text.unicodeScalars.count, from: position, count: count, clamps: clamps)
    let from = text.unicodeScalars.index(text.startIndex, offsetBy: range.lowerBound)
    return String(text.unicodeScalars[from..<text.unicodeScalars.index(from, offsetBy: range.count)])
  }

  static func cut(_ bytes: ArraySlice<UInt8>, from position: Int, count: Int) -> ArraySlice<UInt8> {
    let range = range(of: bytes.count, from: position, count: count, clamps: false)
    return bytes.dropFirst(range.lowerBound).prefix(range.count)
  }

  private static func range(of length: Int, from position: Int, count: Int, clamps: Bool) -> Range<Int> {
    var start = position > 0 ? position - 1 : position < 0 ? length + position : 0
    if clamps { start = max(0, start) }
    let (sum, overflow) = start.addingReportingOverflow(max(0, count))
    let end = overflow ? length : min(length, sum)
    start = max(0, start)
    return start < end ? start..<end : 0..<0
  }

  /// BINARY values, then whole numbers; BINARY again.
  static func ofBytes(
    _ call: FunctionCall,
    _ body: @escaping @Sendable ([ArraySlice<UInt8>], [Int]) throws -> ArraySlice<UInt8>
  ) -> Expression {
    let first = call.arguments.firstIndex { $0.type != .binary } ?? call.count
    return call.result(.binary) { vectors, evaluation in
      let readers = vectors.prefix(first).map(\.bytes)
      let numbers = vectors.dropFirst(first).map { $0.fixed(Int32.self) }
      return try evaluation.mapBytes(vectors, to: .binary) { row, out in
        out += try body(readers.map { Array($0[row])[...] }, numbers.map { Int($0[row]) })
        return true
      }
    }
  }

  private static func pad(_ call: inout FunctionCall, left: Bool) throws -> Expression {
    let isBinary = call.type(0) == .binary && (call.count == 2 || call.type(2) == .binary)
    if call.count == 2 {
      call.arguments.append(
        .constant(isBinary ? .binary([0]) : .string(" "), isBinary ? .binary : .string, call.position))
    }
    call.arguments.swapAt(1, 2)
    try call.cast(2, to: .integer)
    if isBinary {
      return ofBytes(call) { try padded($0[0], with: $0[1], to: $1[0], left: left, most: textBytesMax) }
    }
    try call.castToText([0, 1])
    return withNumbers(call, texts: 2) { texts, numbers in
      let (scalars, filler) = (Array(texts[0].unicodeScalars)[...], Array(texts[1].unicodeScalars)[...])
      let made = try padded(scalars, with: filler, to: numbers[0], left: left, most: textBytesMax)
      return String(String.UnicodeScalarView(made))
    }
  }

  private static func padded<Item>(
    _ items: ArraySlice<Item>, with filler: ArraySlice<Item>, to count: Int, left: Bool, most: Int
  ) throws -> ArraySlice<Item> {
    let width = max(0, count)
    guard width <= most else { throw Failure("the padded text is above the limit of \(most) bytes") }
    if items.count >= width || filler.isEmpty { return items.prefix(width) }
    let padding = (0..<(width - items.count)).map { filler[filler.startIndex + $0 % filler.count] }[...]
    return left ? padding + items : items + padding
  }

  private static func concatWithSeparator(_ call: inout FunctionCall) throws -> Expression {
    for index in call.arguments.indices {
      if case .array = call.type(index), index > 0 {
        try call.cast(index, to: .array(.string))
      } else {
        try call.castToText([index])
      }
    }
    return call.result(.string) { vectors, evaluation in
      let columns = vectors.map(\.compact)
      return try evaluation.build(vectors, to: .string) { row, out in
        let separator = columns[0]
        if separator.column.isNull(row & separator.mask) { return out.appendNull() }
        var parts: [[UInt8]] = []
        for (column, mask) in columns.dropFirst() where !column.isNull(row & mask) {
          let row = row & mask
          if case .array = column.type {
            for element in column.offset(row)..<column.offset(row + 1) where !column.children[0].isNull(element) {
              parts.append(column.children[0].withBytes(element) { Array($0) })
            }
          } else {
            parts.append(column.withBytes(row) { Array($0) })
          }
        }
        let between = separator.column.withBytes(row & separator.mask) { Array($0) }
        Array(parts.joined(separator: between)).withUnsafeBytes { out.append(bytes: $0) }
      }
    }
  }

  private static func position(_ name: String, text: Int, part: Int) -> FunctionDefinition {
    FunctionDefinition(name, arity: name == "instr" ? 2...2 : 2...3) { call in
      try call.castToText([0, 1])
      try call.cast(2, to: .integer)
      return call.result(.integer) { vectors, evaluation in
        let (haystack, needle) = (vectors[text].strings, vectors[part].strings)
        let starts = vectors.count > 2 ? vectors[2].fixed(Int32.self) : nil
        return try evaluation.build(vectors, to: .integer) { row, out in
          if haystack.isNull(row) || needle.isNull(row) { return out.appendNull() }
          let start = starts.map { $0.isNull(row) ? 0 : Int($0[row]) } ?? 1
          let scalars = Array(haystack[row].unicodeScalars)
          let wanted = Array(needle[row].unicodeScalars)
          // Nothing is found at once, wherever the search begins.
          if wanted.isEmpty, start >= 1 { return out.append(fixed: Int32(1)) }
          guard start >= 1, let found = find(wanted, in: scalars, from: start - 1) else {
            return out.append(fixed: Int32(0))
          }
          out.append(fixed: Int32(found + 1))
        }
      }
    }
  }

  private static func test(
    _ name: String, _ body: @escaping @Sendable (Bytes, Bytes) -> Bool
  ) -> FunctionDefinition {
    FunctionDefinition(name, arity: 2) { call in
      if call.arguments.contains(where: { $0.type != .binary }) { try call.castAllToText() }
      return call.result(.boolean) { vectors, evaluation in
        try evaluation.map(vectors, vectors[0].bytes, vectors[1].bytes, to: .boolean) { UInt8(body($0, $1) ? 1 : 0) }
      }
    }
  }

  static func find<Items: RandomAccessCollection>(_ part: Items, in whole: Items, from start: Int) -> Int?
  where Items.Element: Equatable, Items.Index == Int {
    guard start <= whole.count - part.count else { return nil }
    for at in start...(whole.count - part.count) {
      var offset = 0
      while offset < part.count, whole[at + offset] == part[offset] { offset += 1 }
      if offset == part.count { return at }
    }
    return nil
  }
}

extension FunctionDefinition {
  init(
    names: [String], arity: ClosedRange<Int>, build: @escaping @Sendable (inout FunctionCall) throws -> Expression
  ) {
    self.names = names
    self.arity = arity
    self.build = build
  }
}

extension String {
  /// By code points: Swift's own comparison would also find equivalent characters.
  func split(exactly separator: String) -> [String] {
    let (whole, part) = (Array(unicodeScalars), Array(separator.unicodeScalars))
    var parts: [String] = []
    var from = 0
    while let found = FunctionLibrary.find(part, in: whole, from: from) {
      parts.append(String(String.UnicodeScalarView(whole[from..<found])))
      from = found + part.count
    }
    parts.append(String(String.UnicodeScalarView(whole[from...])))
    return parts
  }

  func replacingExactly(_ part: String, with replacement: String) -> String {
    split(exactly: part).joined(separator: replacement)
  }
}
