import MillColumns

/// A text for regular expressions: its characters by number.
struct RegexText {
  let scalars: [UInt32]

  init(_ text: String) { scalars = text.unicodeScalars.map(\.value) }

  var count: Int { scalars.count }

  subscript(range: Range<Int>) -> String {
    var text = String.UnicodeScalarView()
    for scalar in scalars[range] { text.append(Unicode.Scalar(scalar) ?? "\u{FFFD}") }
    return String(text)
  }
}

/// Where an expression matches; captures by number, 0 is the whole.
struct RegexMatch {
  let captures: [Range<Int>?]
  var range: Range<Int> { captures[0]! }
}

/// Finds matches of one expression in one text, as Java's Matcher does.
struct RegexMatcher {
  /// A way that is left to try, or what to put back on the way to it.
  private enum Entry {
    case way(step: Int, at: Int)
    case slot(Int, Int)
    /// A greedy run may also end anywhere down to `low`.
    case shorter(step: Int, low: Int, high: Int)
    /// A lazy run may take so many more.
    case longer(step: Int, at: Int, left: Int)
  }
  /// Ways that may be left at once.
  static let entriesMax = 1 << 22

  private let program: RegexProgram
  private let text: [UInt32]
  private var slots: [Int]
  private var entries: [Entry] = []
  private var lastEnd = 0

  init(_ program: RegexProgram, _ text: RegexText) {
    self.program = program
    self.text = text.scalars
    slots = [Int](repeating: -1, count: program.slotCount)
  }

  // MARK: Searching

  mutating func first(from: Int = 0) throws(Failure) -> RegexMatch? {
    var start = from
    while start <= text.count {
      if let wanted = program.first {
        while start < text.count, text[start] != wanted { start += 1 }
        if start == text.count { return nil }
      }
      if program.isAnchored, start > 0 { return nil }
      for index in slots.indices { slots[index] = -1 }
      entries.removeAll(keepingCapacity: true)
      if let end = try run(0, start, nil) {
        let captures = (0...program.captureCount).map { number -> Range<Int>? in
          if number == 0 { return start..<end }
          let (low, high) = (slots[2 * number], slots[2 * number + 1])
          return low < 0 || high < low ? nil : low..<high
        }
        lastEnd = end
        return RegexMatch(captures: captures)
      }
      start += 1
    }
    return nil
  }

  mutating func all() throws(Failure) -> [RegexMatch] {
    var found: [RegexMatch] = []
    var from = 0
    while let match = try first(from: from) {
      found.append(match)
      from = match.range.isEmpty ? match.range.upperBound + 1 : match.range.upperBound
    }
    return found
  }

  // MARK: Matching

  private mutating func push(_ entry: Entry) throws(Failure) {
    guard entries.count < Self.entriesMax else {
      throw Failure("the regular expression leaves too many ways to try in a text of \(text.count) characters")
    }
    entries.append(entry)
  }

  private mutating func set(_ slot: Int, _ value: Int) throws(Failure) {
    try push(.slot(slot, slots[slot]))
    slots[slot] = value
  }

  /// The steps from `step` to an `accept`; where that is. `wanted`: the only place that counts for it.
  private mutating func run(_ step: Int, _ start: Int, _ wanted: Int?) throws(Failure) -> Int? {
    let base = entries.count
    var (step, at) = (step, start)
    while true {
      var isGood = true
      switch program.steps[step] {
      case .character(let scalar):
        isGood = at < text.count && text[at] == scalar
        (step, at) = (step + 1, at + 1)
      case .set(let number):
        isGood = at < text.count && program.sets[number].contains(text[at])
        (step, at) = (step + 1, at + 1)
      case .split(let first, let second):
        try push(.way(step: second, at: at))
        step = first
      case .jump(let target): step = target
      case .save(let slot), .mark(let slot):
        try set(slot, at)
        step += 1
      case .leaveIfEmpty(let slot, let target): step = slots[slot] == at ? target : step + 1
      case .run(let number, let least, let most, let kind):
        let end = longest(number, at, kind == .lazy ? least : most)
        isGood = end - at >= least
        if isGood, kind == .greedy, end - at > least {
          try push(.shorter(step: step + 1, low: at + least, high: end - 1))
        } else if isGood, kind == .lazy, most > least {
          try push(.longer(step: step, at: end, left: most - least))
        }
        (step, at) = (step + 1, end)
      case .assertion(let assertion):
        isGood = holds(assertion, at)
        step += 1
      case .reference(let number, let ignoresCase):
        let (low, high) = (slots[2 * number], slots[2 * number + 1])
        isGood = low >= 0 && high >= low && at + high - low <= text.count
        if isGood {
          isGood = (0..<(high - low)).allSatisfy { isSame(text[low + $0], text[at + $0], ignoresCase) }
          at += high - low
        }
        step += 1
      case .look(let isAhead, let isNegative, let end, let least, let most):
        isGood = try look(step + 1, at, isAhead, keeps: !isNegative, least, most) != isNegative
        step = end
      case .atomic(let end):
        let inside = entries.count
        if let next = try run(step + 1, at, nil) {
          forgetWays(from: inside)
          (step, at) = (end, next)
        } else {
          isGood = false
        }
      case .accept:
        if wanted == nil || wanted == at { return at }
        isGood = false
      }
      if !isGood {
        guard let (nextStep, nextAt) = try back(to: base) else { return nil }
        (step, at) = (nextStep, nextAt)
      }
    }
  }

  /// The way that was left last; nil when there is none.
  private mutating func back(to base: Int) throws(Failure) -> (step: Int, at: Int)? {
    while entries.count > base {
      switch entries.removeLast() {
      case .way(let step, let at): return (step, at)
      case .slot(let slot, let value): slots[slot] = value
      case .shorter(let step, let low, let high):
        if high > low { entries.append(.shorter(step: step, low: low, high: high - 1)) }
        return (step, high)
      case .longer(let step, let at, let left):
        guard case .run(let number, _, _, _) = program.steps[step], at < text.count,
          program.sets[number].contains(text[at])
        else { continue }
        if left > 1 { entries.append(.longer(step: step, at: at + 1, left: left == .max ? left : left - 1)) }
        return (step + 1, at + 1)
      }
    }
    return nil
  }

  private func longest(_ set: Int, _ start: Int, _ most: Int) -> Int {
    let end = most < text.count - start ? start + most : text.count
    var at = start
    while at < end, program.sets[set].contains(text[at]) { at += 1 }
    return at
  }

  /// What a part has matched for good: its captures stay to be put back, the ways that it left are none.
  private mutating func forgetWays(from base: Int) {
    var kept = base
    for index in base..<entries.count {
      guard case .slot = entries[index] else { continue }
      entries[kept] = entries[index]
      kept += 1
    }
    entries.removeSubrange(kept...)
  }

  private mutating func look(
    _ step: Int, _ at: Int, _ isAhead: Bool, keeps: Bool, _ least: Int, _ most: Int
  ) throws(Failure) -> Bool {
    let base = entries.count
    var holds = false
    if isAhead {
      holds = try run(step, at, nil) != nil
    } else if at >= least {
      for start in stride(from: at - least, through: max(0, at - most), by: -1) where !holds {
        holds = try run(step, start, at) != nil
      }
    }
    if keeps {
      forgetWays(from: base)
    } else {
      while entries.count > base { if case .slot(let slot, let value) = entries.removeLast() { slots[slot] = value } }
    }
    return holds
  }

  private func isSame(_ a: UInt32, _ b: UInt32, _ ignoresCase: Bool) -> Bool {
    a == b || (ignoresCase && CharacterSet.cases(of: a, unicode: false).contains(b))
  }

  // MARK: Places

  private func isLineEnd(_ scalar: UInt32) -> Bool {
    scalar == 10 || scalar == 13 || scalar == 0x85 || scalar == 0x2028 || scalar == 0x2029
  }

  /// Between the two halves of `\r\n`?
  private func isWithinLineEnd(_ at: Int) -> Bool {
    at > 0 && at < text.count && text[at - 1] == 13 && text[at] == 10
  }

  private func holds(_ assertion: RegexAssertion, _ at: Int) -> Bool {
    switch assertion {
    case .start: return at == 0
    case .end: return at == text.count
    case .lastEnd: return at == lastEnd
    case .lineStart:
      // Not at the text's end, even behind a line's end.
      if at == text.count { return false }
      return at == 0 || (isLineEnd(text[at - 1]) && !isWithinLineEnd(at))
    case .lineEnd: return at == text.count || (isLineEnd(text[at]) && !isWithinLineEnd(at))
    case .lastLineEnd:
      if at == text.count { return true }
      if isWithinLineEnd(at) || !isLineEnd(text[at]) { return false }
      return at == text.count - 1 || (at == text.count - 2 && text[at] == 13 && text[at + 1] == 10)
    case .wordEdge(let isNegative, let unicode):
      let before = at > 0 && isWord(at - 1, unicode)
      let after = at < text.count && isWord(at, unicode)
      return (before != after) != isNegative
    }
  }

  /// For `\b`: letters and digits of all scripts, `_`, and the accents on them.
  private func isWord(_ at: Int, _ unicode: Bool) -> Bool {
    let scalar = text[at]
    if scalar < 128 { return Self.asciiWord.contains(scalar) }
    guard let category = Unicode.Scalar(scalar)?.properties.generalCategory else { return false }
    if unicode { return CharacterSet.unicodeWord.contains(scalar) }
    if CharacterSet.isLetter(category) || category == .decimalNumber { return true }
    return category == .nonspacingMark && at > 0 && isWord(at - 1, unicode)
  }

  private static let asciiWord = CharacterSet(CharacterSet.word)
}
