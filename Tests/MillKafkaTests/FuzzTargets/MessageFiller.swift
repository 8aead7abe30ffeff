import MillLog

@testable import MillKafka

/// Where a ``MessageFiller`` has its values from.
protocol ValueSource {
  mutating func integer() -> UInt64
  /// Of a list's elements.
  mutating func count() -> Int
  mutating func isNull() -> Bool
  mutating func text() -> String
  mutating func bytes() -> [UInt8]
  mutating func records() -> [UInt8]?
  mutating func topicID() -> TopicID
}

/// Fills a message's fields, as far as the version has them.
struct MessageFiller<Source: ValueSource>: FieldVisitor {
  let version: Int16
  var source: Source
  private static var depthMax: Int { 3 }
  private var depth = 0

  init(version: Int16, from source: Source) {
    self.version = version
    self.source = source
  }

  private mutating func fill<Integer: FixedWidthInteger>(_ value: inout Integer, _ versions: Versions) {
    if versions.contains(version) { value = Integer(truncatingIfNeeded: source.integer()) }
  }

  private mutating func list<Element>(_ make: (inout Self) throws -> Element) rethrows -> [Element] {
    guard depth < Self.depthMax else { return [] }
    depth += 1
    defer { depth -= 1 }
    return try (0..<source.count()).map { _ in try make(&self) }
  }

  private mutating func isNull(_ null: Versions) -> Bool { null.contains(version) && source.isNull() }

  mutating func bool(_: StaticString, _ value: inout Bool, _ v: Versions) {
    if v.contains(version) { value = source.integer() % 2 == 1 }
  }
  mutating func int8(_: StaticString, _ value: inout Int8, _ v: Versions) { fill(&value, v) }
  mutating func int16(_: StaticString, _ value: inout Int16, _ v: Versions) { fill(&value, v) }
  mutating func int32(_: StaticString, _ value: inout Int32, _ v: Versions) { fill(&value, v) }
  mutating func int64(_: StaticString, _ value: inout Int64, _ v: Versions) { fill(&value, v) }
  mutating func uuid(_: StaticString, _ value: inout TopicID, _ v: Versions) {
    if v.contains(version) { value = source.topicID() }
  }
  mutating func string(_: StaticString, _ value: inout String, _ v: Versions) {
    if v.contains(version) { value = source.text() }
  }
  mutating func nullableString(_: StaticString, _ value: inout String?, _ v: Versions, null: Versions) {
    if v.contains(version) { value = isNull(null) ? nil : source.text() }
  }
  mutating func bytes(_: StaticString, _ value: inout [UInt8], _ v: Versions) {
    if v.contains(version) { value = source.bytes() }
  }
  mutating func records(_: StaticString, _ value: inout ArraySlice<UInt8>?, _ v: Versions) {
    if v.contains(version) { value = source.records()?[...] }
  }
  mutating func int32s(_: StaticString, _ value: inout [Int32], _ v: Versions) {
    if v.contains(version) { value = list { Int32(truncatingIfNeeded: $0.source.integer()) } }
  }
  mutating func strings(_: StaticString, _ value: inout [String], _ v: Versions) {
    if v.contains(version) { value = list { $0.source.text() } }
  }
  mutating func nullableStrings(_: StaticString, _ value: inout [String]?, _ v: Versions, null: Versions) {
    if v.contains(version) { value = isNull(null) ? nil : list { $0.source.text() } }
  }
  mutating func array<Element: ProtocolStruct>(_: StaticString, _ value: inout [Element], _ v: Versions) throws {
    if v.contains(version) { value = try elements() }
  }
  mutating func nullableArray<Element: ProtocolStruct>(
    _: StaticString, _ value: inout [Element]?, _ v: Versions, null: Versions
  ) throws {
    if v.contains(version) { value = isNull(null) ? nil : try elements() }
  }
  mutating func structure<Struct: ProtocolStruct>(_ value: inout Struct) throws { try value.fields(&self) }
  mutating func tagged<Value>(
    _: UInt32, _: StaticString, _ value: inout Value?, _ v: Versions, _ initial: Value,
    _ body: (inout Self, inout Value) throws -> Void
  ) throws {
    guard v.contains(version), !source.isNull() else { return }
    var filled = initial
    try body(&self, &filled)
    value = filled
  }
  private mutating func elements<Element: ProtocolStruct>() throws -> [Element] {
    try list { filler in
      var element = Element()
      try element.fields(&filler)
      return element
    }
  }
}

/// Values drawn from a seed.
struct SeededSource: ValueSource {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 2 + 1 }

  /// xorshift: the same on every run.
  mutating func integer() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
  mutating func count() -> Int { Int(integer() % 4) }
  mutating func isNull() -> Bool { integer() % 3 == 0 }
  mutating func text() -> String {
    let choices = ["", "pop", "a longer text with ä and 山", String(repeating: "x", count: 200)]
    return choices[Int(integer() % 4)]
  }
  mutating func bytes() -> [UInt8] { (0..<count()).map { _ in UInt8(truncatingIfNeeded: integer()) } }
  mutating func records() -> [UInt8]? { isNull() ? nil : Array(text().utf8) }
  mutating func topicID() -> TopicID { TopicID(high: integer(), low: integer()) }
}

typealias RandomFiller = MessageFiller<SeededSource>

extension MessageFiller where Source == SeededSource {
  init(version: Int16, seed: UInt64) { self.init(version: version, from: SeededSource(seed)) }

  mutating func next() -> UInt64 { source.integer() }
}
