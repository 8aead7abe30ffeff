/// Which characters a class of a regular expression takes (java.util.regex.Pattern, "Character classes").
struct CharacterSet: Sendable {
  indirect enum Rule: Sendable {
    case range(UInt32, UInt32)
    case category(@Sendable (Unicode.GeneralCategory) -> Bool)
    case property(@Sendable (Unicode.Scalar.Properties) -> Bool)
    case either([Rule])
    case both([Rule])
    case not(Rule)
    /// Also what has the other case: of ASCII letters, or of all.
    case anyCase(Rule, unicode: Bool)

    func contains(_ scalar: UInt32) -> Bool {
      switch self {
      case .range(let low, let high): return low <= scalar && scalar <= high
      case .category(let holds): return Unicode.Scalar(scalar).map { holds($0.properties.generalCategory) } ?? false
      case .property(let holds): return Unicode.Scalar(scalar).map { holds($0.properties) } ?? false
      case .either(let rules): return rules.contains { $0.contains(scalar) }
      case .both(let rules): return rules.allSatisfy { $0.contains(scalar) }
      case .not(let rule): return !rule.contains(scalar)
      case .anyCase(let rule, let unicode):
        return rule.contains(scalar) || CharacterSet.cases(of: scalar, unicode: unicode).contains { rule.contains($0) }
      }
    }
  }

  private let rule: Rule
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  init(_ rule: Rule) {
    self.rule = rule
    for scalar in UInt32(0)..<128 where rule.contains(scalar) {
      if scalar < 64 { low |= 1 << UInt64(scalar) } else { high |= 1 << UInt64(scalar - 64) }
    }
  }

  @inline(__always) func contains(_ scalar: UInt32) -> Bool {
    if scalar < 64 { return low >> UInt64(scalar) & 1 != 0 }
    if scalar < 128 { return high >> UInt64(scalar - 64) & 1 != 0 }
    return rule.contains(scalar)
  }

  /// A letter in its other cases.
  static func cases(of scalar: UInt32, unicode: Bool) -> [UInt32] {
    if (65...90).contains(scalar) || (97...122).contains(scalar) { return [scalar ^ 32] }
    guard unicode, scalar >= 128, let properties = Unicode.Scalar(scalar)?.properties else { return [] }
    return [properties.uppercaseMapping, properties.lowercaseMapping].compactMap { text in
      let mapped = text.unicodeScalars
      return mapped.count == 1 && mapped.first!.value != scalar ? mapped.first!.value : nil
    }
  }

  // MARK: Classes with names

  static func one(_ scalars: UInt32...) -> Rule { .either(scalars.map { .range($0, $0) }) }

  static let digit = Rule.range(48, 57)
  static let word = Rule.either([.range(97, 122), .range(65, 90), .range(48, 57), one(95)])
  static let space = Rule.either([one(32), .range(9, 13)])
  static let horizontal = Rule.either([
    one(32, 9, 0xA0, 0x1680, 0x180E, 0x202F, 0x205F, 0x3000), .range(0x2000, 0x200A),
  ])
  static let vertical = Rule.either([.range(10, 13), one(0x85), .range(0x2028, 0x2029)])
  static let lineEnd = Rule.either([one(10, 13, 0x85), .range(0x2028, 0x2029)])

  static let unicodeDigit = Rule.category { $0 == .decimalNumber }
  static let unicodeSpace = Rule.property { $0.isWhitespace }
  static let unicodeWord = Rule.either([
    .property { $0.isAlphabetic || $0.isJoinControl }, .category { isMark($0) || $0 == .decimalNumber },
    .category { $0 == .connectorPunctuation },
  ])

  static func isMark(_ category: Unicode.GeneralCategory) -> Bool {
    category == .nonspacingMark || category == .spacingMark || category == .enclosingMark
  }

  static func isLetter(_ category: Unicode.GeneralCategory) -> Bool {
    switch category {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  /// `\p{NAME}`; nil for names that are not known here (blocks, scripts).
  static func named(_ name: String) -> Rule? {
    let alpha = Rule.either([.range(97, 122), .range(65, 90)])
    switch name {
    case "Lower": return .range(97, 122)
    case "Upper": return .range(65, 90)
    case "ASCII": return .range(0, 127)
    case "Alpha": return alpha
    case "Digit": return digit
    case "Alnum": return .either([alpha, digit])
    case "Punct": return .either([.range(33, 47), .range(58, 64), .range(91, 96), .range(123, 126)])
    case "Graph": return .range(33, 126)
    case "Print": return .range(32, 126)
    case "Blank": return one(32, 9)
    case "Cntrl": return .either([.range(0, 31), one(127)])
    case "XDigit": return .either([digit, .range(97, 102), .range(65, 70)])
    case "Space": return space
    case "javaLowerCase", "IsLowercase": return .property { $0.isLowercase }
    case "javaUpperCase", "IsUppercase": return .property { $0.isUppercase }
    case "javaWhitespace", "IsWhite_Space", "IsWhiteSpace": return unicodeSpace
    case "javaLetter": return .category { isLetter($0) }
    case "javaDigit", "IsDigit": return unicodeDigit
    case "javaLetterOrDigit": return .category { isLetter($0) || $0 == .decimalNumber }
    case "IsAlphabetic", "javaAlphabetic": return .property { $0.isAlphabetic }
    case "IsIdeographic": return .property { $0.isIdeographic }
    case "IsPunctuation": return general("P")
    case "IsControl": return general("Cc")
    case "IsHex_Digit": return .property { $0.isHexDigit }
    case "L1": return .range(0, 255)
    case "all", "IsAssigned": return .not(.category { name == "IsAssigned" && $0 == .unassigned })
    default: return general(name.hasPrefix("Is") ? String(name.dropFirst(2)) : name)
    }
  }

  /// A general category of Unicode: `Lu`, or all that begin with `L`.
  private static func general(_ name: String) -> Rule? {
    let codes: [(String, Unicode.GeneralCategory)] = [
      ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("Lt", .titlecaseLetter), ("Lm", .modifierLetter),
      ("Lo", .otherLetter), ("Mn", .nonspacingMark), ("Mc", .spacingMark), ("Me", .enclosingMark),
      ("Nd", .decimalNumber), ("Nl", .letterNumber), ("No", .otherNumber), ("Pc", .connectorPunctuation),
      ("Pd", .dashPunctuation), ("Ps", .openPunctuation), ("Pe", .closePunctuation), ("Pi", .initialPunctuation),
      ("Pf", .finalPunctuation), ("Po", .otherPunctuation), ("Sm", .mathSymbol), ("Sc", .currencySymbol),
      ("Sk", .modifierSymbol), ("So", .otherSymbol), ("Zs", .spaceSeparator), ("Zl", .lineSeparator),
      ("Zp", .paragraphSeparator), ("Cc", .control), ("Cf", .format), ("Cs", .surrogate), ("Co", .privateUse),
      ("Cn", .unassigned),
    ]
    if name == "LC" { return .category { $0 == .uppercaseLetter || $0 == .lowercaseLetter || $0 == .titlecaseLetter } }
    let found = Set(codes.filter { $0.0 == name || (name.count == 1 && $0.0.hasPrefix(name)) }.map(\.1))
    return found.isEmpty ? nil : .category { found.contains($0) }
  }
}
