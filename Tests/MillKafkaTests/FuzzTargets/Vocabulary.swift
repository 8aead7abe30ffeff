import MillLog

@testable import MillKafka

/// Words and numbers that mean something to a broker: its own, and those that it has given in answers.
struct Vocabulary {
  private static let heardMax = 24

  private(set) var words = [
    "", "pop", "keys", "new", "group", "transaction", "client", "instance", "range", "consumer", "protocol", "alice",
    "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "cleanup.policy", "compact", "delete", "retention.ms", "segment.bytes",
    "max.message.bytes", "compression.type", "zstd", "-1", "1", "100", "__consumer_offsets", "a/b",
  ]
  private(set) var numbers: [Int64] = [0, 1, -1, 2, -2, 10_000, Int64(Int32.max), .max, .min, 1_700_000_000_000]
  private(set) var topicIDs: [TopicID] = [.zero]
  private var heardWords = 0
  private var heardNumbers = 0

  mutating func hear(_ word: String) {
    guard !words.contains(word), word.utf8.count < 200 else { return }
    Self.keep(word, in: &words, count: &heardWords)
  }

  mutating func hear(_ number: Int64) {
    guard !numbers.contains(number) else { return }
    Self.keep(number, in: &numbers, count: &heardNumbers)
  }

  mutating func hear(_ id: TopicID) {
    if !topicIDs.contains(id), topicIDs.count < Self.heardMax { topicIDs.append(id) }
  }

  /// The newest replace the oldest of those that were heard.
  private static func keep<Element>(_ element: Element, in list: inout [Element], count: inout Int) {
    if count < heardMax {
      list.append(element)
    } else {
      list[list.count - heardMax + count % heardMax] = element
    }
    count += 1
  }
}

/// Takes in what an answer says.
struct Listener: FieldVisitor {
  var vocabulary: Vocabulary

  mutating func bool(_: StaticString, _: inout Bool, _: Versions) {}
  mutating func int8(_: StaticString, _: inout Int8, _: Versions) {}
  mutating func int16(_: StaticString, _: inout Int16, _: Versions) {}
  mutating func int32(_: StaticString, _ value: inout Int32, _: Versions) {
    // A fetch session's id, for one; small ones are known.
    if value.magnitude > 10_000 { vocabulary.hear(Int64(value)) }
  }
  mutating func int64(_: StaticString, _ value: inout Int64, _: Versions) { vocabulary.hear(value) }
  mutating func uuid(_: StaticString, _ value: inout TopicID, _: Versions) { vocabulary.hear(value) }
  mutating func string(_: StaticString, _ value: inout String, _: Versions) { vocabulary.hear(value) }
  mutating func nullableString(_: StaticString, _ value: inout String?, _: Versions, null _: Versions) {
    if let value { vocabulary.hear(value) }
  }
  mutating func bytes(_: StaticString, _: inout [UInt8], _: Versions) {}
  mutating func records(_: StaticString, _: inout ArraySlice<UInt8>?, _: Versions) {}
  mutating func int32s(_: StaticString, _: inout [Int32], _: Versions) {}
  mutating func strings(_: StaticString, _: inout [String], _: Versions) {}
  mutating func nullableStrings(_: StaticString, _: inout [String]?, _: Versions, null _: Versions) {}
  mutating func array<Element: ProtocolStruct>(_: StaticString, _ value: inout [Element], _: Versions) throws {
    for index in value.indices { try value[index].fields(&self) }
  }
  mutating func nullableArray<Element: ProtocolStruct>(
    _: StaticString, _ value: inout [Element]?, _: Versions, null _: Versions
  ) throws {
    for index in value?.indices ?? 0..<0 { try value?[index].fields(&self) }
  }
  mutating func structure<Struct: ProtocolStruct>(_ value: inout Struct) throws { try value.fields(&self) }
  mutating func tagged<Value>(
    _: UInt32, _: StaticString, _ value: inout Value?, _: Versions, _: Value,
    _ body: (inout Self, inout Value) throws -> Void
  ) throws {
    guard var present = value else { return }
    try body(&self, &present)
  }
}

/// Values that the fuzzer's bytes choose, most of them from a ``Vocabulary``.
struct ChosenSource: ValueSource {
  var input: FuzzInput
  var vocabulary = Vocabulary()

  mutating func integer() -> UInt64 {
    switch input.byte() {
    case let small where small < 100: UInt64(small) / 2
    case let known where known < 220:
      UInt64(bitPattern: vocabulary.numbers[Int(known) % vocabulary.numbers.count])
    default: input.integer()
    }
  }
  mutating func count() -> Int { [1, 1, 0, 2, 1, 3][input.choose(6)] }
  mutating func isNull() -> Bool { input.byte() >= 200 }
  mutating func text() -> String {
    let choice = Int(input.byte())
    if choice < 224 { return vocabulary.words[choice % vocabulary.words.count] }
    return String(decoding: input.bytes((choice - 224) * 4), as: UTF8.self)
  }
  mutating func bytes() -> [UInt8] { input.bytes(Int(input.byte())) }
  mutating func topicID() -> TopicID { vocabulary.topicIDs[input.choose(vocabulary.topicIDs.count)] }
  mutating func records() -> [UInt8]? {
    switch input.byte() {
    case 0..<8: nil
    case 8..<16: bytes()
    default: try? DrawnBatch.make(&self)
    }
  }
}
