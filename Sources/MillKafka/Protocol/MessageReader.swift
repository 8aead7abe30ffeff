import MillBase
import MillLog

/// Reads a message from bytes that anyone may have sent: every length is checked against what is there, so a lie
/// costs an error and no memory.
public struct MessageReader: FieldVisitor {
  /// Of all lists of a message together. An element may take one byte of the request and fifty of memory, and a request
  /// may be large.
  public static let elementsMax = 1_000_000

  private var elementsLeft = elementsMax
  private let bytes: ArraySlice<UInt8>
  private var position: Int
  let version: Int16
  let isFlexible: Bool
  /// Tagged fields of the struct that is being read; nil = not come to yet.
  private var tags: Tags?
  private struct Tags {
    var left: UInt32
    /// Its number is read, its content is not.
    var next: UInt32?
  }

  /// - Parameter isFlexible: compact lengths and tagged fields (KIP-482).
  public init(_ bytes: ArraySlice<UInt8>, version: Int16, isFlexible: Bool) {
    self.bytes = bytes
    position = bytes.startIndex
    self.version = version
    self.isFlexible = isFlexible
  }

  public var remaining: Int { bytes.endIndex - position }
  /// What has not been read yet.
  public var rest: ArraySlice<UInt8> { bytes[position...] }

  /// The struct with its tagged fields. Those that are not known are passed over.
  public mutating func read<Struct: ProtocolStruct>(_ type: Struct.Type = Struct.self) throws -> Struct {
    let outer = tags
    tags = nil
    var value = Struct()
    try value.fields(&self)
    try skipTags()
    tags = outer
    return value
  }

  // MARK: Steps

  private func fail(_ name: StaticString, _ what: String) -> MillError {
    MillError(.badInput, "\(what) in field \(name) at byte \(position - bytes.startIndex)")
  }

  mutating func integer<Integer: FixedWidthInteger>(_ name: StaticString, _: Integer.Type) throws -> Integer {
    let size = MemoryLayout<Integer>.size
    guard remaining >= size else { throw fail(name, "the message ends") }
    defer { position += size }
    return bytes.withUnsafeBytes { raw in
      Integer(bigEndian: raw.loadUnaligned(fromByteOffset: position - bytes.startIndex, as: Integer.self))
    }
  }

  private mutating func unsignedVarint(_ name: StaticString) throws -> UInt32 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 35, by: 7) {
      guard position < bytes.endIndex else { throw fail(name, "the message ends") }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 {
        guard value <= UInt64(UInt32.max) else { break }
        return UInt32(value)
      }
    }
    throw fail(name, "a varint is too long")
  }

  mutating func skipTags() throws {
    guard isFlexible else { return }
    while try nextTag() != nil { _ = try takeTagged() }
  }

  private mutating func nextTag() throws -> UInt32? {
    var tags = try self.tags ?? Tags(left: unsignedVarint("tagged fields"))
    if tags.next == nil, tags.left > 0 {
      tags.left -= 1
      tags.next = try unsignedVarint("tag")
    }
    self.tags = tags
    return tags.next
  }

  private mutating func takeTagged() throws -> ArraySlice<UInt8> {
    tags?.next = nil
    return try take("tagged field", Int(try unsignedVarint("tag size")))
  }

  private mutating func take(_ name: StaticString, _ count: Int) throws -> ArraySlice<UInt8> {
    guard count <= remaining else { throw fail(name, "a length of \(count) with \(remaining) bytes left") }
    defer { position += count }
    return bytes[position..<(position + count)]
  }

  /// nil = null. `short`: strings have a 16-bit length in old versions, the rest 32 bits.
  private mutating func length(_ name: StaticString, isShort: Bool) throws -> Int? {
    let length: Int
    if isFlexible {
      length = Int(try unsignedVarint(name)) - 1
    } else {
      length = isShort ? Int(try integer(name, Int16.self)) : Int(try integer(name, Int32.self))
    }
    guard length >= -1 else { throw fail(name, "a length of \(length)") }
    return length < 0 ? nil : length
  }

  private mutating func text(_ name: StaticString) throws -> String? {
    guard let length = try length(name, isShort: true) else { return nil }
    // As Kafka: compact lengths could say more, strings are no longer for that.
    guard length <= Int(Int16.max) else { throw fail(name, "a string of \(length) bytes") }
    return String(decoding: try take(name, length), as: UTF8.self)
  }

  /// Each element takes a byte at least, so a count beyond what is left is a lie.
  private mutating func count(_ name: StaticString) throws -> Int? {
    guard let count = try length(name, isShort: false) else { return nil }
    guard count <= remaining else { throw fail(name, "\(count) elements with \(remaining) bytes left") }
    guard count <= elementsLeft else {
      throw MillError(.limit, "the message has more than \(Self.elementsMax) elements, the last ones in field \(name)")
    }
    elementsLeft -= count
    return count
  }

  private mutating func elements<Element>(
    _ name: StaticString, _ read: (inout MessageReader) throws -> Element
  ) throws -> [Element]? {
    guard let count = try count(name) else { return nil }
    var elements: [Element] = []
    for _ in 0..<count { elements.append(try read(&self)) }
    return elements
  }

  private func required<Value>(_ name: StaticString, _ value: Value?) throws -> Value {
    guard let value else { throw fail(name, "null") }
    return value
  }

  // MARK: Fields

  public mutating func bool(_ name: StaticString, _ value: inout Bool, _ versions: Versions) throws {
    if versions.contains(version) { value = try integer(name, UInt8.self) != 0 }
  }
  public mutating func int8(_ name: StaticString, _ value: inout Int8, _ versions: Versions) throws {
    if versions.contains(version) { value = try integer(name, Int8.self) }
  }
  public mutating func int16(_ name: StaticString, _ value: inout Int16, _ versions: Versions) throws {
    if versions.contains(version) { value = try integer(name, Int16.self) }
  }
  public mutating func int32(_ name: StaticString, _ value: inout Int32, _ versions: Versions) throws {
    if versions.contains(version) { value = try integer(name, Int32.self) }
  }
  public mutating func int64(_ name: StaticString, _ value: inout Int64, _ versions: Versions) throws {
    if versions.contains(version) { value = try integer(name, Int64.self) }
  }
  public mutating func uuid(_ name: StaticString, _ value: inout TopicID, _ versions: Versions) throws {
    guard versions.contains(version) else { return }
    let high = try integer(name, UInt64.self)
    value = TopicID(high: high, low: try integer(name, UInt64.self))
  }
  public mutating func string(_ name: StaticString, _ value: inout String, _ versions: Versions) throws {
    if versions.contains(version) { value = try required(name, try text(name)) }
  }
  public mutating func nullableString(
    _ name: StaticString, _ value: inout String?, _ versions: Versions, null: Versions
  ) throws {
    guard versions.contains(version) else { return }
    let text = try text(name)
    value = null.contains(version) ? text : try required(name, text)
  }
  public mutating func bytes(_ name: StaticString, _ value: inout [UInt8], _ versions: Versions) throws {
    guard versions.contains(version) else { return }
    value = Array(try take(name, try required(name, try length(name, isShort: false))))
  }
  public mutating func records(
    _ name: StaticString, _ value: inout ArraySlice<UInt8>?, _ versions: Versions
  ) throws {
    guard versions.contains(version) else { return }
    if let length = try length(name, isShort: false) { value = try take(name, length) } else { value = nil }
  }
  public mutating func int32s(_ name: StaticString, _ value: inout [Int32], _ versions: Versions) throws {
    guard versions.contains(version) else { return }
    value = try required(name, try elements(name) { try $0.integer(name, Int32.self) })
  }
  public mutating func strings(_ name: StaticString, _ value: inout [String], _ versions: Versions) throws {
    guard versions.contains(version) else { return }
    value = try required(name, try elements(name) { try $0.required(name, try $0.text(name)) })
  }
  public mutating func nullableStrings(
    _ name: StaticString, _ value: inout [String]?, _ versions: Versions, null: Versions
  ) throws {
    guard versions.contains(version) else { return }
    let all = try elements(name) { try $0.required(name, try $0.text(name)) }
    value = null.contains(version) ? all : try required(name, all)
  }
  public mutating func array<Element: ProtocolStruct>(
    _ name: StaticString, _ value: inout [Element], _ versions: Versions
  ) throws {
    guard versions.contains(version) else { return }
    value = try required(name, try elements(name) { try $0.read(Element.self) })
  }
  public mutating func nullableArray<Element: ProtocolStruct>(
    _ name: StaticString, _ value: inout [Element]?, _ versions: Versions, null: Versions
  ) throws {
    guard versions.contains(version) else { return }
    let all = try elements(name) { try $0.read(Element.self) }
    value = null.contains(version) ? all : try required(name, all)
  }
  public mutating func structure<Struct: ProtocolStruct>(_ value: inout Struct) throws { value = try read(Struct.self) }
  public mutating func tagged<Value>(
    _ tag: UInt32, _ name: StaticString, _ value: inout Value?, _ versions: Versions, _ initial: Value,
    _ body: (inout Self, inout Value) throws -> Void
  ) throws {
    guard isFlexible, versions.contains(version) else { return }
    while let next = try nextTag(), next <= tag {
      let content = try takeTagged()
      guard next == tag else { continue }
      var inner = MessageReader(content, version: version, isFlexible: true)
      inner.elementsLeft = elementsLeft
      defer { elementsLeft = inner.elementsLeft }
      var found = initial
      try body(&inner, &found)
      guard inner.remaining == 0 else { throw fail(name, "\(inner.remaining) bytes too many") }
      value = found
    }
  }
}
