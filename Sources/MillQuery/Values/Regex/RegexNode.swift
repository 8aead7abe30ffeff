/// A regular expression as it is written.
indirect enum RegexNode: Sendable {
  case empty
  case character(UInt32)
  case set(CharacterSet)
  case sequence([RegexNode])
  case choice([RegexNode])
  /// `( )` with its number.
  case capture(Int, RegexNode)
  case repeated(RegexNode, least: Int, most: Int, RegexRepeat)
  case assertion(RegexAssertion)
  case reference(Int, ignoresCase: Bool)
  case look(RegexNode, isAhead: Bool, isNegative: Bool)
  /// `(?> )`: what it has matched stays.
  case atomic(RegexNode)

  /// How many characters it takes; nil = no most.
  var width: (least: Int, most: Int?) {
    switch self {
    case .empty, .assertion, .look: return (0, 0)
    case .character, .set: return (1, 1)
    case .reference: return (0, nil)
    case .capture(_, let inner), .atomic(let inner): return inner.width
    case .sequence(let parts):
      return parts.reduce((0, 0)) { sum, part in
        let width = part.width
        return (sum.0 + width.least, sum.1.flatMap { most in width.most.map { most + $0 } })
      }
    case .choice(let parts):
      let widths = parts.map(\.width)
      let mosts = widths.compactMap(\.most)
      return (widths.map(\.least).min() ?? 0, mosts.count == widths.count ? mosts.max() : nil)
    case .repeated(let inner, let least, let most, _):
      let width = inner.width
      let (longest, isOver) = (width.most ?? 0).multipliedReportingOverflow(by: most)
      return (width.least * least, width.most == nil || most == .max || isOver ? nil : longest)
    }
  }
}

enum RegexRepeat: Sendable {
  case greedy
  case lazy
  case possessive
}

enum RegexAssertion: Sendable {
  case start
  case lineStart
  case end
  /// The end, or before a line's end that is the last.
  case lastLineEnd
  case lineEnd
  /// `\b` and `\B`
  case wordEdge(isNegative: Bool, unicode: Bool)
  /// `\G`: where the match before ended.
  case lastEnd
}

/// Why a text is no regular expression.
struct RegexProblem: Error {
  let text: String
}
