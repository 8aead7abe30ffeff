import MillBase

/// Kafka's 16-byte topic id, written as Kafka writes it: URL-safe base64 without padding.
public struct TopicID: Hashable, Sendable, CustomStringConvertible {
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// All zeros: no id.
  public static let zero = TopicID(high: 0, low: 0)

  /// A random (version 4) UUID, which never begins with a dash, so that tools take it as an argument.
  public static func random() -> TopicID {
    while true {
      let id = TopicID(
        high: UInt64.random(in: .min ... .max) & ~0xF000 | 0x4000,
        low: UInt64.random(in: .min ... .max) & ~(3 << 62) | 1 << 63)
      if !id.description.hasPrefix("-") { return id }
    }
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  public init?(_ text: String) {
    guard text.utf8.count == 22 else { return nil }
    var bits = (high: UInt64(0), low: UInt64(0))
    for (step, character) in text.utf8.enumerated() {
      guard let value = Self.alphabet.firstIndex(of: character) else { return nil }
      // 21 characters carry 6 bits each, the last one carries 2.
      let width: UInt64 = step < 21 ? 6 : 2
      bits.high = bits.high << width | bits.low >> (64 - width)
      bits.low = bits.low << width | UInt64(step < 21 ? value : value >> 4)
    }
    self.init(high: bits.high, low: bits.low)
  }

  public var description: String {
    var text: [UInt8] = []
    for step in 0..<22 {
      let shift = 122 - step * 6
      let value: UInt64
      if shift >= 64 {
        value = high >> UInt64(shift - 64)
      } else if shift >= 0 {
        value = low >> UInt64(shift) | (shift > 58 ? high << UInt64(64 - shift) : 0)
      } else {
        value = low << 4
      }
      text.append(Self.alphabet[Int(value & 63)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The file `topics.json` of a data directory: every topic's name, id, number of partitions and configuration.
struct TopicCatalog {
  struct Entry: Equatable {
    var name: String
    var id: TopicID
    var partitions: Int
    var configuration: [String: String]
  }
  static let fileName = "topics.json"

  static func path(_ directory: String) -> String { "\(directory)/\(fileName)" }

  /// nil when there is no such file.
  static func read(_ directory: String) throws -> [Entry]? {
    let path = path(directory)
    guard Files.exists(path) else { return nil }
    let document = try JSONValue(parsing: Files.read(path))
    guard let topics = document["topics"]?.array else {
      throw MillError(.corrupt, "no list of topics", at: .init(file: path), wayOut: "restore it from a copy")
    }
    return try topics.map { topic in
      guard let name = topic["name"]?.string, let id = topic["id"]?.string.flatMap(TopicID.init),
        let partitions = topic["partitions"]?.integer, let configuration = topic["configuration"]?.object
      else { throw MillError(.corrupt, "a topic lacks name, id, partitions or configuration", at: .init(file: path)) }
      return Entry(
        name: name, id: id, partitions: Int(partitions),
        configuration: Dictionary(uniqueKeysWithValues: configuration.map { ($0.key, $0.value.string ?? "") }))
    }
  }

  static func write(_ entries: [Entry], _ directory: String) throws {
    let topics = entries.sorted { $0.name < $1.name }.map { entry in
      let configuration = entry.configuration.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
      return JSONValue.object([
        "name": .string(entry.name), "id": .string(entry.id.description),
        "partitions": .integer(Int64(entry.partitions)), "configuration": .object(.init(configuration)),
      ])
    }
    let document = JSONValue.object(["version": .integer(1), "topics": .array(topics)])
    try Files.writeAtomically(document.text() + "\n", to: path(directory))
  }

  /// Topics of a data directory that a Kafka wrote: one folder `<topic>-<partition>` each.
  static func adopt(_ directory: String) throws -> [Entry] {
    var found: [String: Int] = [:]
    for name in try Files.list(directory) {
      guard let dash = name.lastIndex(of: "-"), let partition = Int(name[name.index(after: dash)...]),
        try Files.list("\(directory)/\(name)").contains(where: { $0.hasSuffix(".log") })
      else { continue }
      found[String(name[..<dash]), default: 0] = max(found[String(name[..<dash])] ?? 0, partition + 1)
    }
    return found.map { Entry(name: $0.key, id: .random(), partitions: $0.value, configuration: [:]) }
  }
}

/// Kafka's rules for topic names.
enum TopicName {
  static let lengthMax = 249

  /// - Throws: `.configuration`.
  static func check(_ name: String) throws {
    func fail(_ why: String) -> MillError {
      MillError(.configuration, "topic name '\(name)' is not allowed: \(why)", at: .init(key: "topic"))
    }
    if name.isEmpty { throw fail("it is empty") }
    if name == "." || name == ".." { throw fail("it can't be '.' or '..'") }
    if name.utf8.count > lengthMax { throw fail("it is longer than \(lengthMax) characters") }
    let isAllowed = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    if !isAllowed { throw fail("it may hold letters, digits, '.', '_' and '-'") }
  }

  /// Kafka's metric names don't tell '.' and '_' apart, so it refuses topics that differ in nothing else.
  static func collides(_ a: String, _ b: String) -> Bool {
    a.replacing(".", with: "_") == b.replacing(".", with: "_")
  }
}
