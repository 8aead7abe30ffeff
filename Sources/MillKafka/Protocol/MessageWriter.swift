import MillLog

/// Writes a message. What is null where null is not allowed is the caller's mistake and stops the program.
public struct MessageWriter: FieldVisitor {
  private(set) var out: ByteWriter
  let version: Int16
  let isFlexible: Bool
  /// Tagged fields of the struct that is being written.
  private var tags: [(tag: UInt32, content: [UInt8])] = []

  /// - Parameter out: what stands before the message.
  public init(_ out: ByteWriter = ByteWriter(), version: Int16, isFlexible: Bool) {
    self.out = out
    self.version = version
    self.isFlexible = isFlexible
  }

  public mutating func write(_ value: some ProtocolStruct) throws {
    let outer = tags
    tags = []
    var value = value
    try value.fields(&self)
    writeTags()
    tags = outer
  }

  private mutating func writeTags() {
    guard isFlexible else { return }
    out.appendUnsignedVarint(UInt64(tags.count))
    for (tag, content) in tags {
      out.appendUnsignedVarint(UInt64(tag))
      out.appendUnsignedVarint(UInt64(content.count))
      out.append(contentsOf: content)
    }
  }

  // MARK: Steps

  private mutating func length(_ length: Int?, isShort: Bool) {
    if isFlexible {
      out.appendUnsignedVarint(UInt64((length ?? -1) + 1))
    } else if isShort {
      out.append(Int16(length ?? -1))
    } else {
      out.append(Int32(length ?? -1))
    }
  }

  /// A string is at most 32,767 bytes in the old form: what is longer (a message for people) is cut.
  private mutating func text(_ text: String?) {
    guard let text else { return length(nil, isShort: true) }
    let bytes = Array(text.utf8.prefix(Int(Int16.max)))
    length(bytes.count, isShort: true)
    out.append(contentsOf: bytes)
  }

  private mutating func elements<Element>(_ elements: [Element]?, _ write: (inout Self, Element) throws -> Void)
    rethrows
  {
    length(elements?.count, isShort: false)
    for element in elements ?? [] { try write(&self, element) }
  }

  private func check(null: Versions, _ isNull: Bool, _ name: StaticString) {
    precondition(!isNull || null.contains(version), "\(name) can't be null in version \(version)")
  }

  // MARK: Fields

  public mutating func bool(_ name: StaticString, _ value: inout Bool, _ versions: Versions) {
    if versions.contains(version) { out.append(UInt8(value ? 1 : 0)) }
  }
  public mutating func int8(_ name: StaticString, _ value: inout Int8, _ versions: Versions) {
    if versions.contains(version) { out.append(value) }
  }
  public mutating func int16(_ name: StaticString, _ value: inout Int16, _ versions: Versions) {
    if versions.contains(version) { out.append(value) }
  }
  public mutating func int32(_ name: StaticString, _ value: inout Int32, _ versions: Versions) {
    if versions.contains(version) { out.append(value) }
  }
  public mutating func int64(_ name: StaticString, _ value: inout Int64, _ versions: Versions) {
    if versions.contains(version) { out.append(value) }
  }
  public mutating func uuid(_ name: StaticString, _ value: inout TopicID, _ versions: Versions) {
    guard versions.contains(version) else { return }
    out.append(value.high)
    out.append(value.low)
  }
  public mutating func string(_ name: StaticString, _ value: inout String, _ versions: Versions) {
    if versions.contains(version) { text(value) }
  }
  public mutating func nullableString(
    _ name: StaticString, _ value: inout String?, _ versions: Versions, null: Versions
  ) {
    guard versions.contains(version) else { return }
    check(null: null, value == nil, name)
    text(value)
  }
  public mutating func bytes(_ name: StaticString, _ value: inout [UInt8], _ versions: Versions) {
    guard versions.contains(version) else { return }
    length(value.count, isShort: false)
    out.append(contentsOf: value)
  }
  public mutating func records(_ name: StaticString, _ value: inout ArraySlice<UInt8>?, _ versions: Versions) {
    guard versions.contains(version) else { return }
    length(value?.count, isShort: false)
    if let value { out.append(contentsOf: value) }
  }
  public mutating func int32s(_ name: StaticString, _ value: inout [Int32], _ versions: Versions) {
    if versions.contains(version) { elements(value) { $0.out.append($1) } }
  }
  public mutating func strings(_ name: StaticString, _ value: inout [String], _ versions: Versions) {
    if versions.contains(version) { elements(value) { $0.text($1) } }
  }
  public mutating func nullableStrings(
    _ name: StaticString, _ value: inout [String]?, _ versions: Versions, null: Versions
  ) {
    guard versions.contains(version) else { return }
    check(null: null, value == nil, name)
    elements(value) { $0.text($1) }
  }
  public mutating func array<Element: ProtocolStruct>(
    _ name: StaticString, _ value: inout [Element], _ versions: Versions
  ) throws {
    if versions.contains(version) { try elements(value) { try $0.write($1) } }
  }
  public mutating func nullableArray<Element: ProtocolStruct>(
    _ name: StaticString, _ value: inout [Element]?, _ versions: Versions, null: Versions
  ) throws {
    guard versions.contains(version) else { return }
    check(null: null, value == nil, name)
    try elements(value) { try $0.write($1) }
  }
  public mutating func structure<Struct: ProtocolStruct>(_ value: inout Struct) throws { try write(value) }
  public mutating func tagged<Value>(
    _ tag: UInt32, _ name: StaticString, _ value: inout Value?, _ versions: Versions, _ initial: Value,
    _ body: (inout Self, inout Value) throws -> Void
  ) throws {
    guard isFlexible, versions.contains(version), var present = value else { return }
    precondition(tags.last.map { $0.tag < tag } ?? true, "\(name): tags go up")
    var inner = MessageWriter(version: version, isFlexible: true)
    try body(&inner, &present)
    tags.append((tag, inner.out.bytes))
  }
}
