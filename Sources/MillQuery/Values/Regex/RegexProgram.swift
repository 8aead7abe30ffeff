/// A regular expression as steps of a machine that tries one way after the other.
struct RegexProgram: Sendable {
  enum Step: Sendable {
    case character(UInt32)
    case set(Int)
    /// Goes on at the first; at the second when that leads nowhere.
    case split(Int, Int)
    case jump(Int)
    /// Where a capture begins or ends: slots 2n and 2n + 1.
    case save(Int)
    /// Where a loop's round begins.
    case mark(Int)
    /// Leaves a loop whose round took nothing.
    case leaveIfEmpty(Int, Int)
    /// A set's characters in a row; the set of that number.
    case run(Int, least: Int, most: Int, RegexRepeat)
    case assertion(RegexAssertion)
    case reference(Int, ignoresCase: Bool)
    /// The steps up to `end`, which is behind their `accept`, hold at this place without taking anything.
    case look(isAhead: Bool, isNegative: Bool, end: Int, least: Int, most: Int)
    case atomic(end: Int)
    case accept
  }
  /// Steps that `x{1000}` and the like may make.
  static let stepsMax = 200_000

  private(set) var steps: [Step] = []
  private(set) var sets: [CharacterSet] = []
  private(set) var slotCount: Int
  let captureCount: Int
  /// Numbers of the captures that have a name.
  let names: [String: Int]
  /// What every match begins with; nil: anything.
  private(set) var first: UInt32?
  /// Is the text's start the only place for a match?
  private(set) var isAnchored = false

  init(_ pattern: String) throws(RegexProblem) {
    var parser = RegexParser(pattern)
    let node = try parser.parse()
    captureCount = parser.captureCount
    names = parser.names
    slotCount = 2 * (captureCount + 1)
    try add(node)
    try add(.accept)
    switch steps[0] {
    case .character(let scalar): first = scalar
    case .assertion(.start): isAnchored = true
    default: break
    }
  }

  private mutating func add(_ step: Step) throws(RegexProblem) {
    guard steps.count < Self.stepsMax else { throw RegexProblem(text: "The regular expression is too large") }
    steps.append(step)
  }

  private mutating func place(_ step: Step) throws(RegexProblem) -> Int {
    try add(step)
    return steps.count - 1
  }

  private mutating func number(of set: CharacterSet) -> Int {
    sets.append(set)
    return sets.count - 1
  }

  private mutating func add(_ node: RegexNode) throws(RegexProblem) {
    switch node {
    case .empty: break
    case .character(let scalar): try add(Step.character(scalar))
    case .set(let set): try add(.set(number(of: set)))
    case .sequence(let parts): for part in parts { try add(part) }
    case .choice(let parts):
      var ends: [Int] = []
      for part in parts.dropLast() {
        let split = try place(.accept)
        try add(part)
        ends.append(try place(.accept))
        steps[split] = .split(split + 1, steps.count)
      }
      try add(parts.last!)
      for end in ends { steps[end] = .jump(steps.count) }
    case .capture(let number, let inner):
      try add(.save(2 * number))
      try add(inner)
      try add(.save(2 * number + 1))
    case .assertion(let assertion): try add(Step.assertion(assertion))
    case .reference(let number, let ignoresCase): try add(Step.reference(number, ignoresCase: ignoresCase))
    case .look(let inner, let isAhead, let isNegative):
      let look = try place(.accept)
      try add(inner)
      try add(.accept)
      let width = inner.width
      steps[look] = .look(
        isAhead: isAhead, isNegative: isNegative, end: steps.count, least: width.least, most: width.most ?? .max)
    case .atomic(let inner):
      let atomic = try place(.accept)
      try add(inner)
      try add(.accept)
      steps[atomic] = .atomic(end: steps.count)
    case .repeated(let inner, let least, let most, let kind): try add(inner, least, most, kind)
    }
  }

  private mutating func add(
    _ inner: RegexNode, _ least: Int, _ most: Int, _ kind: RegexRepeat
  ) throws(RegexProblem) {
    switch inner {
    case .set(let set): return try add(.run(number(of: set), least: least, most: most, kind))
    case .character(let scalar):
      let set = CharacterSet(CharacterSet.one(scalar))
      return try add(.run(number(of: set), least: least, most: most, kind))
    default: break
    }
    // In Java every round stays as it was matched, too.
    if kind == .possessive { return try add(.atomic(.repeated(.atomic(inner), least: least, most: most, .greedy))) }
    for _ in 0..<least { try add(inner) }
    func split(_ at: Int, _ end: Int) -> Step { kind == .greedy ? .split(at + 1, end) : .split(end, at + 1) }
    if most == .max {
      let register = slotCount
      slotCount += 1
      let start = try place(.accept)
      try add(.mark(register))
      try add(inner)
      let leave = try place(.accept)
      try add(.jump(start))
      steps[leave] = .leaveIfEmpty(register, steps.count)
      steps[start] = split(start, steps.count)
    } else {
      var splits: [Int] = []
      for _ in least..<most {
        splits.append(try place(.accept))
        try add(inner)
      }
      for at in splits { steps[at] = split(at, steps.count) }
    }
  }
}
