import Glibc
import MillBase
import MillLog
import Testing

@testable import MillKafka

/// A message's fields in one version, one line each: path, type, and what may be null or is tagged.
private struct FieldLister: FieldVisitor {
  let version: Int16
  private(set) var lines: [String] = []
  private var path = ""
  /// The tag of the field that comes next.
  private var tag: UInt32?
  /// A tagged field is visited from within: it says nothing of versions itself.
  private var isWithinTag = false

  init(version: Int16) { self.version = version }

  private mutating func add(_ name: StaticString, _ type: String, _ v: Versions, null: Versions? = nil) {
    guard v.contains(version) || tag != nil else { return }
    let isNullable = null?.contains(version) ?? false
    lines.append("\(path)\(name): \(type)\(isNullable ? " or null" : "")\(tag.map { " #\($0)" } ?? "")")
    tag = nil
  }

  private mutating func within(_ name: StaticString, _ body: (inout Self) throws -> Void) rethrows {
    let outer = path
    path += "\(name)/"
    try body(&self)
    path = outer
  }

  mutating func bool(_ name: StaticString, _: inout Bool, _ v: Versions) { add(name, "bool", v) }
  mutating func int8(_ name: StaticString, _: inout Int8, _ v: Versions) { add(name, "int8", v) }
  mutating func int16(_ name: StaticString, _: inout Int16, _ v: Versions) { add(name, "int16", v) }
  mutating func int32(_ name: StaticString, _: inout Int32, _ v: Versions) { add(name, "int32", v) }
  mutating func int64(_ name: StaticString, _: inout Int64, _ v: Versions) { add(name, "int64", v) }
  mutating func uuid(_ name: StaticString, _: inout TopicID, _ v: Versions) { add(name, "uuid", v) }
  mutating func string(_ name: StaticString, _: inout String, _ v: Versions) { add(name, "string", v) }
  mutating func nullableString(_ name: StaticString, _: inout String?, _ v: Versions, null: Versions) {
    add(name, "string", v, null: null)
  }
  mutating func bytes(_ name: StaticString, _: inout [UInt8], _ v: Versions) { add(name, "bytes", v) }
  mutating func records(_ name: StaticString, _: inout ArraySlice<UInt8>?, _ v: Versions) {
    add(name, "records", v, null: v)
  }
  mutating func int32s(_ name: StaticString, _: inout [Int32], _ v: Versions) { add(name, "[]int32", v) }
  mutating func strings(_ name: StaticString, _: inout [String], _ v: Versions) { add(name, "[]string", v) }
  mutating func nullableStrings(_ name: StaticString, _: inout [String]?, _ v: Versions, null: Versions) {
    add(name, "[]string", v, null: null)
  }
  private mutating func elements<Element: ProtocolStruct>(
    _ name: StaticString, _: Element.Type, _ v: Versions, null: Versions?
  ) throws {
    guard v.contains(version) || tag != nil else { return }
    add(name, "[]", v, null: null)
    try within(name) { lister in
      var element = Element()
      try element.fields(&lister)
    }
  }
  mutating func array<Element: ProtocolStruct>(_ name: StaticString, _: inout [Element], _ v: Versions) throws {
    try elements(name, Element.self, v, null: nil)
  }
  mutating func nullableArray<Element: ProtocolStruct>(
    _ name: StaticString, _: inout [Element]?, _ v: Versions, null: Versions
  ) throws {
    try elements(name, Element.self, v, null: null)
  }
  mutating func structure<Struct: ProtocolStruct>(_ value: inout Struct) throws { try value.fields(&self) }
  mutating func tagged<Value>(
    _ number: UInt32, _ name: StaticString, _: inout Value?, _ v: Versions, _ initial: Value,
    _ body: (inout Self, inout Value) throws -> Void
  ) throws {
    guard v.contains(version) else { return }
    var value = initial
    guard Value.self is any ProtocolStruct.Type else {
      tag = number
      return try body(&self, &value)
    }
    lines.append("\(path)\(name): struct #\(number)")
    try within(name) { try body(&$0, &value) }
  }
}

/// Kafka's own descriptions of its messages, which kafka-python brings along.
private struct KafkaSchema {
  static let directory: String? = {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let library = "/\(root)/.venv/lib"
    let names = (try? Files.list(library)) ?? []
    let found = names.map { "\(library)/\($0)/site-packages/kafka/protocol/schemas/resources" }.first(
      where: Files.exists)
    if found == nil { print("skipped: no kafka-python 3 in .venv (scripts/setup.sh test)") }
    return found
  }()

  private let document: JSONValue

  init?(_ name: String) throws {
    let path = "\(Self.directory!)/\(name).json"
    guard Files.exists(path) else { return nil }
    let text = try Files.readText(path).split(separator: "\n").filter { line in
      !line.drop { $0 == " " }.hasPrefix("//")
    }.joined(separator: "\n")
    document = try JSONValue(parsing: text)
  }

  private static func range(_ text: String?) -> ClosedRange<Int16>? {
    guard let text, text != "none" else { return nil }
    let parts = text.split(separator: "-").compactMap { Int16($0.hasSuffix("+") ? String($0.dropLast()) : String($0)) }
    return parts[0]...(text.hasSuffix("+") ? .max : parts.last!)
  }

  var versions: ClosedRange<Int16> { Self.range(document["validVersions"]?.string)! }
  var flexibleFrom: Int16? { Self.range(document["flexibleVersions"]?.string)?.lowerBound }

  func lines(_ version: Int16) -> [String] {
    var shared: [String: [JSONValue]] = [:]
    for common in document["commonStructs"]?.array ?? [] {
      shared[common["name"]!.string!] = common["fields"]!.array!
    }
    func list(_ fields: [JSONValue], _ path: String) -> [String] {
      var plain: [String] = []
      var tagged: [(tag: Int64, lines: [String])] = []
      for field in fields where Self.range(field["versions"]!.string)!.contains(version) {
        let name = field["name"]!.string!
        let type = field["type"]!.string!
        let element = type.hasPrefix("[]") ? String(type.dropFirst(2)) : type
        let inner = field["fields"]?.array ?? shared[element]
        let isNullable = Self.range(field["nullableVersions"]?.string)?.contains(version) ?? false
        let tag = field["tag"]?.integer
        let shown = inner == nil ? type : type.hasPrefix("[]") ? "[]" : "struct"
        var lines = ["\(path)\(name): \(shown)\(isNullable ? " or null" : "")\(tag.map { " #\($0)" } ?? "")"]
        if let inner { lines += list(inner, "\(path)\(name)/") }
        if let tag { tagged.append((tag, lines)) } else { plain += lines }
      }
      return plain + tagged.sorted { $0.tag < $1.tag }.flatMap(\.lines)
    }
    return list(document["fields"]!.array!, "").compactMap { line in
      // Other names for the same bytes: a struct that two messages share, and one with a single field.
      if line.hasSuffix("Partitions/PartitionIndex: int32"), isOffsetDelete { return nil }
      let line = line.replacing("ResultsByPartition", with: "Partitions").replacing(
        "PartitionErrorCode", with: "ErrorCode")
      return isOffsetDelete ? line.replacing("Partitions: []", with: "Partitions: []int32") : line
    }
  }

  private var isOffsetDelete: Bool { document["name"]?.string == "OffsetDeleteRequest" }
}

@Suite(.enabled(if: KafkaSchema.directory != nil, "skipped: no kafka-python 3 in .venv")) struct SchemaTests {
  private func listed<Message: ProtocolStruct>(_: Message.Type, _ version: Int16) throws -> [String] {
    var message = Message()
    var lister = FieldLister(version: version)
    try message.fields(&lister)
    return lister.lines
  }

  /// Every message that is served, in every version that is served, field by field.
  @Test(arguments: API.all.map(\.name)) func everyMessageIsAsKafkaDescribesIt(name: String) throws {
    let (api, request, response) = try #require(ServedMessages.all.first { $0.api.name == name })
    for (type, kind) in [(request, "Request"), (response, "Response")] {
      guard let schema = try KafkaSchema(name + kind) else { continue }
      #expect(schema.flexibleFrom == api.flexibleFrom)
      #expect(schema.versions.upperBound >= api.versions.upperBound)
      for version in api.versions where schema.versions.contains(version) {
        #expect(try listed(type, version) == schema.lines(version), "\(name)\(kind) \(version)")
      }
    }
  }
}
