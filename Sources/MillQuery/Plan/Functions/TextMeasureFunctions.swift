import MillColumns

extension FunctionLibrary {
  /// Texts compared, counted and checked.
  static let textMeasureFunctions: [FunctionDefinition] = [
    FunctionDefinition("soundex", arity: 1) { call in
      try call.castAllToText()
      return call.text { arguments, _ in soundex(arguments[0]) }
    },
    FunctionDefinition("levenshtein", arity: 2...3) { call in
      try call.castToText([0, 1])
      try call.cast(2, to: .integer)
      return call.values(.integer) { arguments in
        let limit = arguments.count > 2 ? arguments[2].whole : Int.max
        let distance = editDistance(arguments[0].text, arguments[1].text)
        return .integer(Int64(distance > limit ? -1 : distance))
      }
    },
    FunctionDefinition("bit_length", arity: 1) { call in
      if call.type(0) != .binary { try call.castAllToText() }
      return call.result(.integer) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].bytes, to: .integer) { Int32($0.count * 8) }
      }
    },
    FunctionDefinition("find_in_set", arity: 2) { call in
      try call.castAllToText()
      return call.values(.integer) { arguments in
        let (wanted, list) = (arguments[0].text, arguments[1].text)
        let found = list.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).firstIndex {
          $0.elementsEqual(wanted.utf8)
        }
        return .integer(Int64(wanted.utf8.contains(UInt8(ascii: ",")) ? 0 : found.map { $0 + 1 } ?? 0))
      }
    },
    FunctionDefinition("luhn_check", arity: 1) { call in
      try call.castAllToText()
      return call.values(.boolean) { arguments in
        let text = arguments[0].text.utf8
        guard !text.isEmpty, text.allSatisfy({ (48...57).contains($0) }) else { return .boolean(false) }
        let sum = text.reversed().enumerated().reduce(0) { sum, item in
          let digit = Int(item.element) - 48
          let doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2
          return sum + (item.offset % 2 == 0 ? digit : doubled)
        }
        return .boolean(sum % 10 == 0)
      }
    },
    FunctionDefinition("space", arity: 1) { call in
      try call.cast(0, to: .integer)
      return call.values(.string) { arguments in
        let count = max(0, arguments[0].whole)
        guard count <= textBytesMax else { throw Failure("space: the limit is \(textBytesMax) bytes") }
        return .string(String(repeating: " ", count: count))
      }
    },
    FunctionDefinition("overlay", arity: 3...4) { call in
      try call.cast(2, to: .integer)
      try call.cast(3, to: .integer)
      if call.type(0) == .binary, call.type(1) == .binary {
        return ofBytes(call) { bytes, numbers in
          let length = numbers.count > 1 && numbers[1] >= 0 ? numbers[1] : bytes[1].count
          return cut(bytes[0], from: 1, count: numbers[0] - 1) + bytes[1]
            + cut(bytes[0], from: numbers[0] + length, count: .max)
        }
      }
      try call.castToText([0, 1])
      return call.values(.string) { arguments in
        let (text, part, position) = (arguments[0].text, arguments[1].text, arguments[2].whole)
        let given = arguments.count > 3 ? arguments[3].whole : -1
        let length = given >= 0 ? given : part.unicodeScalars.count
        return .string(
          substring(text, from: 1, count: position - 1) + part
            + substring(text, from: position + length, count: .max))
      }
    },
    FunctionDefinition("elt", arity: 2...255) { call in
      try call.cast(0, to: .integer)
      let areBytes = call.arguments.dropFirst().allSatisfy { $0.type == .binary }
      if !areBytes { try call.castToText(1..<call.count) }
      // Only the chosen one is computed.
      let (index, choices) = (call.arguments[0], call.arguments.dropFirst())
      let cases = try choices.enumerated().map { number, choice in
        let wanted = Expression.constant(.integer(Int64(number + 1)), .integer, call.position)
        return (when: try comparison("=", index, wanted, call), then: choice)
      }
      var outside = call
      outside.arguments = [index]
      let count = cases.count
      let other = outside.values(areBytes ? .binary : .string) { arguments in
        throw Failure(
          "[INVALID_ARRAY_INDEX] The index \(arguments[0].whole) is out of bounds. The array has \(count) elements. Use the "
            + "SQL function `get()` to tolerate accessing element at invalid index and return NULL instead. "
            + "SQLSTATE: 22003")
      }
      return Expression(
        .branches(cases, otherwise: call.ansi ? other : nil), areBytes ? .binary : .string, call.position)
    },
    FunctionDefinition("format_string", "printf", arity: 1...255) { call in
      try call.castToText([0])
      let types = call.arguments.dropFirst().map(\.type)
      if let index = types.firstIndex(where: { !$0.isAtomic && $0 != .null }) {
        throw call.mismatch(index + 1, wants: "a single value")
      }
      return call.values(.string, takesNull: Set(1..<max(1, call.count))) { arguments in
        .string(try JavaFormat.format(arguments[0].text, Array(arguments.dropFirst())))
      }
    },
    FunctionDefinition("format_number", arity: 2) { call in
      if call.type(0) == .null || call.type(0) == .string { try call.cast(0, to: .double) }
      guard call.type(0).isNumeric else { throw call.mismatch(0, wants: "a number") }
      try call.cast(1, to: .integer)
      return call.values(.string) { arguments in
        let digits = arguments[1].whole
        return digits < 0 ? .null : .string(JavaFormat.grouped(arguments[0], digits: digits))
      }
    },
  ]

  /// The first letter and three digits for the consonants that follow; text that begins with no letter stays.
  private static func soundex(_ text: String) -> String {
    let letters = Array(text.utf8)
    func code(_ byte: UInt8) -> UInt8? {
      let upper = byte & 0xDF
      return (65...90).contains(upper) && byte < 128 ? soundexCodes[Int(upper - 65)] : nil
    }
    guard let first = letters.first, var last = code(first) else { return text }
    var result = [first & 0xDF]
    for byte in letters.dropFirst() {
      guard let next = code(byte) else {
        last = 48
        continue
      }
      // H and W do not part equal codes, vowels do.
      if next == 55 { continue }
      if next != 48, next != last { result.append(next) }
      if result.count == 4 { break }
      last = next
    }
    result += repeatElement(48, count: 4 - result.count)
    return String(decoding: result, as: UTF8.self)
  }

  /// A…Z; 0 = vowel, 7 = H and W.
  private static let soundexCodes = Array("01230127022455012623017202".utf8)

  private static func editDistance(_ a: String, _ b: String) -> Int {
    let (left, right) = (Array(a.unicodeScalars), Array(b.unicodeScalars))
    var row = Array(0...right.count)
    for (i, scalar) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in right.enumerated() {
        let cost = diagonal + (scalar == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(cost, row[j] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
