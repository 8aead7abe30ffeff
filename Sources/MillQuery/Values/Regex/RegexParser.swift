/// Reads a regular expression by Java's rules (java.util.regex.Pattern, Java 17).
struct RegexParser {
  private struct Flags {
    var ignoresCase = false
    var isMultiline = false
    var dotTakesAll = false
    var skipsSpace = false
    var foldsUnicode = false
    var hasUnicodeClasses = false
    var hasUnixLines = false
  }

  private let pattern: [UInt32]
  private var index = 0
  private var flags = Flags()
  private(set) var captureCount = 0
  private(set) var names: [String: Int] = [:]
  private var depth = 0
  /// Groups inside of each other, at most.
  private static let depthMax = 250

  init(_ text: String) { pattern = text.unicodeScalars.map(\.value) }

  mutating func parse() throws(RegexProblem) -> RegexNode {
    let node = try choice()
    if index < pattern.count { throw problem("Unmatched closing ')'") }
    return node
  }

  private func problem(_ text: String) -> RegexProblem { RegexProblem(text: "\(text) near index \(index)") }

  // MARK: Looking

  private var next: UInt32? { index < pattern.count ? pattern[index] : nil }

  private func isNext(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes in
      index + bytes.count <= pattern.count && bytes.indices.allSatisfy { pattern[index + $0] == UInt32(bytes[$0]) }
    }
  }

  private mutating func take(_ text: StaticString) -> Bool {
    guard isNext(text) else { return false }
    index += text.utf8CodeUnitCount
    return true
  }

  private mutating func expect(_ text: StaticString, _ what: String) throws(RegexProblem) {
    if !take(text) { throw problem(what) }
  }

  private mutating func advance() -> UInt32 {
    defer { index += 1 }
    return pattern[index]
  }

  /// With (?x): white space and comments.
  private mutating func skipSpace() {
    while flags.skipsSpace, let scalar = next {
      if scalar == 32 || (9...13).contains(scalar) {
        index += 1
      } else if scalar == UInt32(UInt8(ascii: "#")) {
        while let scalar = next, scalar != 10, scalar != 13 {
          _ = scalar
          index += 1
        }
      } else {
        return
      }
    }
  }

  // MARK: Expressions

  private mutating func choice() throws(RegexProblem) -> RegexNode {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.depthMax { throw problem("Too many groups inside of each other") }
    var parts = [try sequence()]
    while take("|") { parts.append(try sequence()) }
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence() throws(RegexProblem) -> RegexNode {
    var parts: [RegexNode] = []
    while true {
      skipSpace()
      guard let scalar = next, scalar != UInt32(UInt8(ascii: "|")), scalar != UInt32(UInt8(ascii: ")")) else { break }
      if take("\\Q") {
        while index < pattern.count, !isNext("\\E") { parts.append(literal(advance())) }
        _ = take("\\E")
        if let last = parts.popLast() { parts.append(try repeated(last)) }
        continue
      }
      if let atom = try atom() { parts.append(try repeated(atom)) }
    }
    return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func repeated(_ atom: RegexNode) throws(RegexProblem) -> RegexNode {
    skipSpace()
    let (least, most): (Int, Int)
    if take("?") {
      (least, most) = (0, 1)
    } else if take("*") {
      (least, most) = (0, .max)
    } else if take("+") {
      (least, most) = (1, .max)
    } else if isNext("{") {
      index += 1
      guard let low = number() else { throw problem("Illegal repetition") }
      least = low
      if take(",") { most = isNext("}") ? .max : number() ?? -1 } else { most = low }
      try expect("}", "Unclosed counted closure")
      if most < least { throw problem("Illegal repetition range") }
    } else {
      return atom
    }
    let kind: RegexRepeat = take("?") ? .lazy : take("+") ? .possessive : .greedy
    return .repeated(atom, least: least, most: most, kind)
  }

  private mutating func number() -> Int? {
    let start = index
    var value = 0
    while let scalar = next, scalar &- 48 < 10 {
      value = min(value * 10 + Int(scalar - 48), Int(Int32.max))
      index += 1
    }
    return index == start ? nil : value
  }

  /// nil for what only sets flags.
  private mutating func atom() throws(RegexProblem) -> RegexNode? {
    let scalar = advance()
    switch UInt8(exactly: scalar).map({ Character(Unicode.Scalar($0)) }) {
    case "(": return try group()
    case "[": return .set(CharacterSet(try classRule()))
    case "\\": return try escape()
    case "^": return .assertion(flags.isMultiline ? .lineStart : .start)
    case "$": return .assertion(flags.isMultiline ? .lineEnd : .lastLineEnd)
    case ".":
      if flags.dotTakesAll { return .set(CharacterSet(.range(0, .max))) }
      return .set(CharacterSet(.not(flags.hasUnixLines ? CharacterSet.one(10) : CharacterSet.lineEnd)))
    case "*", "+", "?":
      index -= 1
      throw problem("Dangling meta character '\(Character(Unicode.Scalar(scalar)!))'")
    case "{": throw problem("Illegal repetition")
    default: return literal(scalar)
    }
  }

  private func literal(_ scalar: UInt32) -> RegexNode {
    guard flags.ignoresCase, !CharacterSet.cases(of: scalar, unicode: flags.foldsUnicode).isEmpty else {
      return .character(scalar)
    }
    return .set(CharacterSet(folded(CharacterSet.one(scalar))))
  }

  private func folded(_ rule: CharacterSet.Rule) -> CharacterSet.Rule {
    flags.ignoresCase ? .anyCase(rule, unicode: flags.foldsUnicode) : rule
  }

  // MARK: Groups

  private mutating func group() throws(RegexProblem) -> RegexNode? {
    let outer = flags
    func closed(_ node: RegexNode, _ parser: inout RegexParser) throws(RegexProblem) -> RegexNode {
      try parser.expect(")", "Unclosed group")
      parser.flags = outer
      return node
    }
    guard take("?") else { return try closed(capture(nil), &self) }
    if take(":") { return try closed(choice(), &self) }
    if take(">") { return try closed(.atomic(choice()), &self) }
    if take("=") { return try closed(.look(choice(), isAhead: true, isNegative: false), &self) }
    if take("!") { return try closed(.look(choice(), isAhead: true, isNegative: true), &self) }
    for (sign, isNegative) in [("<=" as StaticString, false), ("<!", true)] where take(sign) {
      return try closed(.look(choice(), isAhead: false, isNegative: isNegative), &self)
    }
    if take("<") { return try closed(capture(name()), &self) }
    // (?i) for the rest of the group around, (?i: ) for this one.
    var isOn = true
    while let scalar = next {
      index += 1
      switch UInt8(exactly: scalar).map({ Character(Unicode.Scalar($0)) }) {
      case "-" where isOn: isOn = false
      case "i": flags.ignoresCase = isOn
      case "m": flags.isMultiline = isOn
      case "s": flags.dotTakesAll = isOn
      case "x": flags.skipsSpace = isOn
      case "u": flags.foldsUnicode = isOn
      case "d": flags.hasUnixLines = isOn
      case "U": (flags.hasUnicodeClasses, flags.foldsUnicode) = (isOn, isOn)
      case ")": return nil
      case ":": return try closed(choice(), &self)
      default: throw problem("Unknown inline modifier")
      }
    }
    throw problem("Unclosed group")
  }

  private mutating func capture(_ name: String?) throws(RegexProblem) -> RegexNode {
    captureCount += 1
    let number = captureCount
    if let name, names.updateValue(number, forKey: name) != nil {
      throw problem("Named capturing group <\(name)> is already defined")
    }
    return .capture(number, try choice())
  }

  private mutating func name() throws(RegexProblem) -> String {
    var name = ""
    while let scalar = next, scalar != UInt32(UInt8(ascii: ">")) {
      let isLetter = (65...90).contains(scalar & 0xDF)
      guard isLetter || (!name.isEmpty && scalar &- 48 < 10) else { break }
      name.unicodeScalars.append(Unicode.Scalar(scalar)!)
      index += 1
    }
    if name.isEmpty { throw problem("capturing group name does not start with a Latin letter") }
    try expect(">", "named capturing group is missing trailing '>'")
    return name
  }

  // MARK: Escapes

  private mutating func escape() throws(RegexProblem) -> RegexNode {
    guard let scalar = next else { throw problem("Unexpected internal error") }
    let isUnicode = flags.hasUnicodeClasses
    switch UInt8(exactly: scalar).map({ Character(Unicode.Scalar($0)) }) {
    case "b":
      index += 1
      return .assertion(.wordEdge(isNegative: false, unicode: isUnicode))
    case "B":
      index += 1
      return .assertion(.wordEdge(isNegative: true, unicode: isUnicode))
    case "A":
      index += 1
      return .assertion(.start)
    case "z":
      index += 1
      return .assertion(.end)
    case "Z":
      index += 1
      return .assertion(.lastLineEnd)
    case "G":
      index += 1
      return .assertion(.lastEnd)
    case "R":
      index += 1
      return .choice([
        .sequence([.character(13), .character(10)]), .set(CharacterSet(CharacterSet.vertical)),
      ])
    case "k":
      index += 1
      try expect("<", "\\k is not followed by '<' for named capturing group")
      let name = try name()
      guard let number = names[name] else { throw problem("named capturing group <\(name)> does not exist") }
      return .reference(number, ignoresCase: flags.ignoresCase)
    case let digit? where ("1"..."9").contains(digit):
      // As many digits as there are groups for.
      var number = Int(advance() - 48)
      while let more = next, more &- 48 < 10, number * 10 + Int(more - 48) <= captureCount {
        number = number * 10 + Int(more - 48)
        index += 1
      }
      return .reference(number, ignoresCase: flags.ignoresCase)
    default:
      if let rule = try escapedClass() { return .set(CharacterSet(rule)) }
      return literal(try escapedCharacter())
    }
  }

  /// `\d` and the like, which stand in classes as well; nil for others.
  private mutating func escapedClass() throws(RegexProblem) -> CharacterSet.Rule? {
    let isUnicode = flags.hasUnicodeClasses
    let rule: CharacterSet.Rule
    switch next.flatMap({ UInt8(exactly: $0) }).map({ Character(Unicode.Scalar($0)) }) {
    case "d": rule = isUnicode ? CharacterSet.unicodeDigit : CharacterSet.digit
    case "D": rule = .not(isUnicode ? CharacterSet.unicodeDigit : CharacterSet.digit)
    case "w": rule = isUnicode ? CharacterSet.unicodeWord : CharacterSet.word
    case "W": rule = .not(isUnicode ? CharacterSet.unicodeWord : CharacterSet.word)
    case "s": rule = isUnicode ? CharacterSet.unicodeSpace : CharacterSet.space
    case "S": rule = .not(isUnicode ? CharacterSet.unicodeSpace : CharacterSet.space)
    case "h": rule = CharacterSet.horizontal
    case "H": rule = .not(CharacterSet.horizontal)
    case "v": rule = CharacterSet.vertical
    case "V": rule = .not(CharacterSet.vertical)
    case "p", "P":
      let isNegative = advance() == UInt32(UInt8(ascii: "P"))
      var name = ""
      if take("{") {
        while let scalar = next, scalar != UInt32(UInt8(ascii: "}")) {
          name.unicodeScalars.append(Unicode.Scalar(scalar)!)
          index += 1
        }
        try expect("}", "Unclosed character family")
      } else if next != nil {
        name.unicodeScalars.append(Unicode.Scalar(advance())!)
      }
      guard let found = CharacterSet.named(name) else { throw problem("Unknown character property name {\(name)}") }
      let folding = folded(found)
      return isNegative ? .not(folding) : folding
    default: return nil
    }
    index += 1
    return rule
  }

  private mutating func escapedCharacter() throws(RegexProblem) -> UInt32 {
    let scalar = advance()
    switch UInt8(exactly: scalar).map({ Character(Unicode.Scalar($0)) }) {
    case "t": return 9
    case "n": return 10
    case "r": return 13
    case "f": return 12
    case "a": return 7
    case "e": return 27
    case "c":
      guard next != nil else { throw problem("Illegal control escape sequence") }
      return advance() ^ 64
    case "0":
      var value: UInt32 = 0
      let start = index
      while index - start < 3, let digit = next, digit &- 48 < 8, value * 8 + digit - 48 <= 0o377 {
        value = value * 8 + digit - 48
        index += 1
      }
      if index == start { throw problem("Illegal octal escape sequence") }
      return value
    case "x":
      if take("{") {
        let value = try hexadecimal(1...8)
        try expect("}", "Unclosed hexadecimal escape sequence")
        return value
      }
      return try hexadecimal(2...2)
    case "u":
      let value = try hexadecimal(4...4)
      guard (0xD800..<0xDC00).contains(value), isNext("\\u") else { return value }
      index += 2
      let low = try hexadecimal(4...4)
      return (0xDC00..<0xE000).contains(low) ? 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00) : low
    default:
      if (65...90).contains(scalar & 0xDF), scalar < 128 { throw problem("Illegal/unsupported escape sequence") }
      return scalar
    }
  }

  private mutating func hexadecimal(_ digits: ClosedRange<Int>) throws(RegexProblem) -> UInt32 {
    let start = index
    var value: UInt32 = 0
    while index - start < digits.upperBound, let scalar = next,
      let digit = Unicode.Scalar(scalar).flatMap({ Character($0).hexDigitValue }), scalar < 128
    {
      value = value << 4 | UInt32(digit)
      index += 1
    }
    guard digits.contains(index - start) else { throw problem("Illegal hexadecimal escape sequence") }
    return value
  }

  // MARK: Classes

  /// Behind `[`, up to its `]`.
  private mutating func classRule() throws(RegexProblem) -> CharacterSet.Rule {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.depthMax { throw problem("Too many classes inside of each other") }
    let isNegative = take("^")
    var all: [CharacterSet.Rule] = []
    var some: [CharacterSet.Rule] = []
    while true {
      skipSpace()
      guard next != nil else { throw problem("Unclosed character class") }
      if isNext("]"), !some.isEmpty || !all.isEmpty {
        index += 1
        break
      }
      if take("&&") {
        all.append(.either(some))
        some = []
      } else if take("[") {
        some.append(try classRule())
      } else if take("\\Q") {
        while index < pattern.count, !isNext("\\E") { some.append(folded(CharacterSet.one(advance()))) }
        _ = take("\\E")
      } else {
        some.append(try classItem())
      }
    }
    // `[a&&]` is `[a]`.
    if !some.isEmpty { all.append(.either(some)) }
    let rule: CharacterSet.Rule = all.count == 1 ? all[0] : .both(all)
    return isNegative ? .not(rule) : rule
  }

  /// A character, a range, or a class with a backslash.
  private mutating func classItem() throws(RegexProblem) -> CharacterSet.Rule {
    func character(_ parser: inout RegexParser) throws(RegexProblem) -> UInt32 {
      parser.take("\\") ? try parser.escapedOrEnd() : parser.advance()
    }
    if isNext("\\") {
      index += 1
      if let rule = try escapedClass() { return rule }
      index -= 1
    }
    let low = try character(&self)
    guard isNext("-"), index + 1 < pattern.count, pattern[index + 1] != UInt32(UInt8(ascii: "]")),
      pattern[index + 1] != UInt32(UInt8(ascii: "["))
    else { return folded(CharacterSet.one(low)) }
    index += 1
    let high = try character(&self)
    if high < low { throw problem("Illegal character range") }
    return folded(.range(low, high))
  }

  private mutating func escapedOrEnd() throws(RegexProblem) -> UInt32 {
    guard next != nil else { throw problem("Unclosed character class") }
    return try escapedCharacter()
  }
}
