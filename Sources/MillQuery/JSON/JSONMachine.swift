import MillColumns

/// Reads one document after the other into a tree of ``JSONNode``s.
///
/// A document lies in memory that ends with a NUL (at `end`) and at least ``padding`` readable bytes: NUL is legal
/// nowhere in JSON, so no loop needs to look where the end is. Functions take a pointer to where they begin and return
/// where they stopped, or nil when the text is not JSON (``failure`` says why); whether the value fits its column is in
/// ``outcome``.
///
/// All methods are mutating, also those that change nothing: others get a copy of the whole struct at each call.
struct JSONMachine {
  static let padding = 128

  enum Outcome {
    case fits
    /// The value was appended, with something inside of it made null.
    case partial
    /// The value does not fit its column: nothing was appended.
    case misfit
  }

  let options: JSONOptions
  var begin: BytePointer
  var end: BytePointer
  /// `.fits` again after each look at it.
  var outcome = Outcome.fits
  var failure: (reason: StaticString, at: BytePointer)?
  /// Objects and arrays around the place where the machine is.
  var depth = 0
  /// Kinds of the objects (1) and arrays (0) that ``skip(_:)`` is in.
  let nesting: UnsafeMutablePointer<UInt8>
  /// A decoded string, for what is not copied straight into a column.
  var scratch: [UInt8] = []
  /// The same for member names.
  var keyScratch: [UInt8] = []
  /// Halves of surrogate pairs go into ``scratch`` as three bytes each, for `JSONText.betweenSurrogates`.
  var keepsSurrogates = false
  /// For timestamps without a zone.
  let time: LocalTime
  private let dateFormat: DateTimePattern?
  private let timestampFormat: DateTimePattern?

  init(_ options: JSONOptions, at begin: BytePointer) {
    self.options = options
    self.begin = begin
    end = begin
    nesting = .allocate(capacity: options.maxNestingDepth + 2)
    // The options have been read: names and patterns are right.
    time = LocalTime(zone: options.timeZone.flatMap { try? ZoneCache.rules($0) })
    dateFormat = options.dateFormat.flatMap { try? DateTimePattern($0) }
    timestampFormat = options.timestampFormat.flatMap { try? DateTimePattern($0) }
  }

  /// By the option dateFormat; nil when there is none, `.some(nil)` when the text is none.
  mutating func days(_ text: UnsafeBufferPointer<UInt8>) -> Int32?? {
    guard let dateFormat else { return nil }
    return .some(try? dateFormat.days(String(decoding: text, as: UTF8.self)).get())
  }

  /// By the option timestampFormat.
  mutating func moment(_ text: UnsafeBufferPointer<UInt8>) -> Int64?? {
    guard let timestampFormat else { return nil }
    return .some(try? timestampFormat.moment(String(decoding: text, as: UTF8.self), on: time).get())
  }

  mutating func fail(_ reason: StaticString, _ at: BytePointer) -> BytePointer? {
    failure = at >= end && at.pointee == 0 ? ("the text ends too early", end) : (reason, at)
    return nil
  }

  // MARK: Small things

  /// The first byte that is no white space (and no comment, where comments are allowed).
  @inline(__always) mutating func skipSpace(_ start: BytePointer) -> BytePointer {
    var p = start
    if p.pointee > 32 && p.pointee != UInt8(ascii: "/") { return p }
    if p.pointee == 32 && p[1] > 32 && p[1] != UInt8(ascii: "/") { return p + 1 }
    p = skipManySpaces(p)
    return p
  }

  @inline(never) private mutating func skipManySpaces(_ start: BytePointer) -> BytePointer {
    var p = start
    while true {
      switch p.pointee {
      case 32, 10, 13, 9: p += 1
      case UInt8(ascii: "/") where options.allowComments:
        if p[1] == UInt8(ascii: "/") {
          while p < end, p.pointee != 10, p.pointee != 13 { p += 1 }
        } else if p[1] == UInt8(ascii: "*") {
          var q = p + 2
          while q < end, !(q.pointee == UInt8(ascii: "*") && q[1] == UInt8(ascii: "/")) { q += 1 }
          if q >= end { return p }
          p = q + 2
        } else {
          return p
        }
      default: return p
      }
    }
  }

  @inline(__always) static func load(_ p: BytePointer) -> UInt64 {
    UnsafeRawPointer(p).loadUnaligned(as: UInt64.self)
  }

  /// Are the `count` bytes at both places the same? Reads up to 15 bytes more; `count` is above 0.
  @inline(__always) static func equal(_ a: BytePointer, _ b: BytePointer, _ count: Int) -> Bool {
    var (a, b, left) = (a, b, count)
    while true {
      let differences = TextBlock(a).differences(from: TextBlock(b))
      if left <= TextBlock.count { return differences.isEmpty(upTo: left) }
      if !differences.isEmpty { return false }
      a += TextBlock.count
      b += TextBlock.count
      left &-= TextBlock.count
    }
  }

  /// For `null`, `true`, `false`: do the bytes begin so?
  @inline(__always) static func starts(_ p: BytePointer, with word: StaticString) -> Bool {
    for index in 0..<word.utf8CodeUnitCount where p[index] != word.utf8Start[index] { return false }
    return true
  }
}
