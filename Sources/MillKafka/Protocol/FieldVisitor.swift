import MillLog

/// The versions of a message in which a field exists.
public struct Versions: Sendable {
  let first: Int16
  let last: Int16
  func contains(_ version: Int16) -> Bool { version >= first && version <= last }
}

postfix operator ...
/// `3...`: from version 3 on.
public postfix func ... (first: Int16) -> Versions { Versions(first: first, last: .max) }
/// `0...7`: from version 0 to 7.
public func ... (first: Int16, last: Int16) -> Versions { Versions(first: first, last: last) }

/// A struct of the Kafka protocol. It states its fields once, in their order, with their versions; readers, writers
/// and tests walk that one description.
public protocol ProtocolStruct: Sendable, Equatable {
  init()
  mutating func fields(_ visitor: inout some FieldVisitor) throws
}

/// Walks the fields of a message. Implemented by ``MessageReader`` and ``MessageWriter``.
///
/// Names are those of Kafka's own message descriptions; errors quote them. A field outside its versions is left at its
/// default when reading and not written.
public protocol FieldVisitor {
  mutating func bool(_ name: StaticString, _ value: inout Bool, _ versions: Versions) throws
  mutating func int8(_ name: StaticString, _ value: inout Int8, _ versions: Versions) throws
  mutating func int16(_ name: StaticString, _ value: inout Int16, _ versions: Versions) throws
  mutating func int32(_ name: StaticString, _ value: inout Int32, _ versions: Versions) throws
  mutating func int64(_ name: StaticString, _ value: inout Int64, _ versions: Versions) throws
  mutating func uuid(_ name: StaticString, _ value: inout TopicID, _ versions: Versions) throws
  mutating func string(_ name: StaticString, _ value: inout String, _ versions: Versions) throws
  mutating func nullableString(
    _ name: StaticString, _ value: inout String?, _ versions: Versions, null: Versions) throws
  mutating func bytes(_ name: StaticString, _ value: inout [UInt8], _ versions: Versions) throws
  /// Record batches; a slice of the request, so that nothing is copied.
  mutating func records(_ name: StaticString, _ value: inout ArraySlice<UInt8>?, _ versions: Versions) throws
  mutating func int32s(_ name: StaticString, _ value: inout [Int32], _ versions: Versions) throws
  mutating func strings(_ name: StaticString, _ value: inout [String], _ versions: Versions) throws
  mutating func nullableStrings(
    _ name: StaticString, _ value: inout [String]?, _ versions: Versions, null: Versions) throws
  mutating func array<Element: ProtocolStruct>(
    _ name: StaticString, _ value: inout [Element], _ versions: Versions) throws
  mutating func nullableArray<Element: ProtocolStruct>(
    _ name: StaticString, _ value: inout [Element]?, _ versions: Versions, null: Versions) throws
  /// A struct within a struct.
  mutating func structure<Struct: ProtocolStruct>(_ value: inout Struct) throws
  /// A field that is only sent when there is something to say (KIP-482), in flexible versions only. A struct's tagged
  /// fields come after the others, the smallest tag first.
  ///
  /// - Parameters:
  ///   - value: nil = not there.
  ///   - initial: what reading it begins with.
  ///   - body: walks the field itself.
  mutating func tagged<Value>(
    _ tag: UInt32, _ name: StaticString, _ value: inout Value?, _ versions: Versions, _ initial: Value,
    _ body: (inout Self, inout Value) throws -> Void) throws
}

extension FieldVisitor {
  mutating func tagged<Struct: ProtocolStruct>(
    _ tag: UInt32, _ name: StaticString, _ value: inout Struct?, _ versions: Versions
  ) throws {
    try tagged(tag, name, &value, versions, Struct()) { try $0.structure(&$1) }
  }
  mutating func tagged<Element: ProtocolStruct>(
    _ tag: UInt32, _ name: StaticString, _ value: inout [Element]?, _ versions: Versions
  ) throws {
    try tagged(tag, name, &value, versions, []) { try $0.array(name, &$1) }
  }
}

/// A field that is there in every version needs no range.
extension FieldVisitor {
  mutating func bool(_ name: StaticString, _ value: inout Bool) throws { try bool(name, &value, 0...) }
  mutating func int8(_ name: StaticString, _ value: inout Int8) throws { try int8(name, &value, 0...) }
  mutating func int16(_ name: StaticString, _ value: inout Int16) throws { try int16(name, &value, 0...) }
  mutating func int32(_ name: StaticString, _ value: inout Int32) throws { try int32(name, &value, 0...) }
  mutating func int64(_ name: StaticString, _ value: inout Int64) throws { try int64(name, &value, 0...) }
  mutating func string(_ name: StaticString, _ value: inout String) throws { try string(name, &value, 0...) }
  mutating func bytes(_ name: StaticString, _ value: inout [UInt8]) throws { try bytes(name, &value, 0...) }
  mutating func int32s(_ name: StaticString, _ value: inout [Int32]) throws { try int32s(name, &value, 0...) }
  mutating func strings(_ name: StaticString, _ value: inout [String]) throws { try strings(name, &value, 0...) }
  mutating func array<Element: ProtocolStruct>(_ name: StaticString, _ value: inout [Element]) throws {
    try array(name, &value, 0...)
  }
  /// Null wherever the field exists.
  mutating func nullableString(_ name: StaticString, _ value: inout String?, _ versions: Versions = 0...) throws {
    try nullableString(name, &value, versions, null: versions)
  }
  mutating func nullableArray<Element: ProtocolStruct>(
    _ name: StaticString, _ value: inout [Element]?, _ versions: Versions = 0...
  ) throws {
    try nullableArray(name, &value, versions, null: versions)
  }
  mutating func nullableStrings(_ name: StaticString, _ value: inout [String]?, _ versions: Versions = 0...) throws {
    try nullableStrings(name, &value, versions, null: versions)
  }
}
