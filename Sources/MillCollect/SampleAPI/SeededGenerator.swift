/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"): the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A generator for a text: FNV-1a over its bytes, then SplitMix64.
  init(text: String) {
    state = text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...elements.count - 1)] }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// So many letters of an alphabet in ASCII.
  mutating func text(_ count: Int, of alphabet: StaticString) -> String {
    let letters = UnsafeBufferPointer(start: alphabet.utf8Start, count: alphabet.utf8CodeUnitCount)
    return String(decoding: (0..<count).map { _ in letters[number(0...letters.count - 1)] }, as: UTF8.self)
  }

  /// Lower-case hexadecimal digits.
  mutating func hex(_ count: Int) -> String { text(count, of: "0123456789abcdef") }

  /// `#` becomes a digit, `^` a capital letter, all else stays.
  mutating func fill(_ pattern: String) -> String {
    String(
      pattern.map { character in
        switch character {
        case "#": Character(UnicodeScalar(UInt8(ascii: "0") + UInt8(number(0...9))))
        case "^": Character(UnicodeScalar(UInt8(ascii: "A") + UInt8(number(0...25))))
        default: character
        }
      })
  }
}
