import MillBase
import MillColumns
import MillLog

/// Which part of a JSON column a query uses, so that the rest is only checked, not kept.
public indirect enum NeededJSON: Sendable, Hashable {
  case all
  /// These columns of a struct (of an array's elements, of a map's values).
  case columns([String: NeededJSON])
}

/// What ``JSONReader`` made of its rows.
public struct JSONRows: Sendable {
  /// Of ``JSONReader/type``: a row for each document.
  public var column: Column
  /// Documents that are no JSON, or no object: their row is a struct of nulls.
  public var malformed: [MalformedJSON]
  /// Documents with a value that does not fit its column (null there). Malformed ones are not counted.
  public var misfitCount: Int
}

public struct MalformedJSON: Sendable, Equatable {
  /// In the column.
  public var row: Int
  public var reason: String
  /// Bytes from the beginning of the document.
  public var position: Int
}

/// `from_json`: JSON documents into a column, by the rules of Spark 4.0.1.
///
/// Names are case sensitive, the last of several equal keys wins, text after the first value is ignored; a document
/// that is no JSON, or no object, gives a struct of nulls (an array or map schema: null); null and blank documents give
/// null; a value that does not fit its type is null. One reader per thread: append documents, then take them with
/// ``finish()``.
public final class JSONReader {
  /// The type of the result: the schema without the columns that are not needed.
  public let type: DataType
  public let options: JSONOptions
  private var machine: JSONMachine
  private let root: NodePointer
  /// A copy of the current document, with room for a NUL and padding behind it.
  private var document: UnsafeMutablePointer<UInt8>
  private var documentCapacity: Int
  /// The column of corrupt records.
  let corruptColumn: Int?
  private var malformed: [MalformedJSON] = []
  private var misfitCount = 0
  private var byteCount = 0

  /// A document has at most so many bytes; above, it is malformed.
  public static let documentBytesMax = 64 << 20
  /// Documents of one ``finish()``, together, at most.
  public static let batchBytesMax = 256 << 20
  /// Types inside of each other, at most.
  public static let typeDepthMax = 100

  /// - Parameters:
  ///   - type: a struct, array or map.
  ///   - needed: what the query uses. Without effect when the mode is FAILFAST or the schema has the corrupt record
  ///     column, since every value counts then.
  /// - Throws: `.configuration` for a schema that `from_json` can't have.
  public init(_ type: DataType, options: JSONOptions = JSONOptions(), needed: NeededJSON = .all) throws {
    var corrupt: Int?
    if case .struct(let schema) = type { corrupt = schema.index(of: options.columnNameOfCorruptRecord) }
    try Self.check(type, depth: 0)
    switch type {
    case .struct, .array, .map: break
    default:
      throw MillError(
        .configuration, "from_json needs a STRUCT, ARRAY or MAP schema, not \(type)",
        wayOut: "write the schema as column names with types: 'a INT, b STRING'")
    }
    if let corrupt, case .struct(let schema) = type, schema.columns[corrupt].type != .string {
      throw MillError(
        .configuration, "the column \(options.columnNameOfCorruptRecord) holds the text of corrupt records",
        wayOut: "give it the type STRING")
    }
    self.type = options.mode == .failFast || corrupt != nil ? type : Self.prune(type, needed)
    self.options = options
    corruptColumn = corrupt
    root = .allocate(capacity: 1)
    root.initialize(to: JSONNode(self.type))
    if let corrupt {
      root.pointee.children[corrupt].key?.deallocate()
      root.pointee.children[corrupt].key = nil
    }
    documentCapacity = 4096
    document = .allocate(capacity: documentCapacity + JSONMachine.padding)
    document.initialize(repeating: 0, count: documentCapacity + JSONMachine.padding)
    machine = JSONMachine(options, at: document)
  }

  deinit {
    JSONNode.destroy(root)
    root.deallocate()
    document.deallocate()
    machine.nesting.deallocate()
  }

  /// Rows appended so far.
  public var count: Int { root.pointee.count }

  // MARK: Reading

  /// Reads a string or binary column.
  public func read(_ column: Column) throws -> JSONRows {
    precondition(column.type == .string || column.type == .binary, "from_json reads text, not \(column.type)")
    for row in 0..<column.count {
      if column.isNull(row) { try append(nil) } else { try column.withBytes(row) { try append($0) } }
    }
    return finish()
  }

  /// Reads the values of records.
  public func read(_ batch: RecordBatch) throws -> JSONRows {
    try batch.bytes.withUnsafeBytes { bytes in
      for slot in batch.slots {
        let value =
          slot.valueStart < 0
          ? nil : UnsafeRawBufferPointer(rebasing: bytes[Int(slot.valueStart)..<Int(slot.valueStart + slot.valueCount)])
        try append(value)
      }
    }
    return finish()
  }

  /// Bytes after a document that ``append(inPlace:count:)`` reads and writes.
  public static let padding = JSONMachine.padding

  /// Reads one document; nil and blank text give a null row.
  ///
  /// - Throws: `.badInput` in mode FAILFAST; `.limit` above ``batchBytesMax``.
  public func append(_ bytes: UnsafeRawBufferPointer?) throws {
    guard let bytes, !bytes.isEmpty, bytes.count <= Self.documentBytesMax else {
      return try appendWithoutReading(bytes)
    }
    hold(bytes.count)
    UnsafeMutableRawPointer(document).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
    try appendHeld(UnsafeMutablePointer(document), bytes.count)
  }

  /// The same without copying: ``padding`` bytes after the document must be there. The byte after it is changed while
  /// this works.
  public func append(inPlace document: UnsafeMutablePointer<UInt8>, count: Int) throws {
    guard count > 0, count <= Self.documentBytesMax else {
      return try appendWithoutReading(UnsafeRawBufferPointer(start: document, count: count))
    }
    let after = document[count]
    defer { document[count] = after }
    try appendHeld(document, count)
  }

  private func appendWithoutReading(_ bytes: UnsafeRawBufferPointer?) throws {
    if root.pointee.count == root.pointee.capacity { JSONNode.grow(root) }
    guard let bytes, !bytes.isEmpty else { return JSONNode.appendNull(root) }
    try reject("a document above \(Self.documentBytesMax) bytes", 0, bytes)
  }

  private func appendHeld(_ document: UnsafeMutablePointer<UInt8>, _ count: Int) throws {
    if root.pointee.count == root.pointee.capacity { JSONNode.grow(root) }
    byteCount += count
    guard byteCount <= Self.batchBytesMax else {
      throw MillError(
        .limit, "more than \(Self.batchBytesMax) bytes of JSON in one batch", wayOut: "read smaller batches")
    }
    document[count] = 0
    machine.begin = BytePointer(document)
    machine.end = BytePointer(document + count)
    let row = root.pointee.count
    let start = machine.skipSpace(machine.begin)
    // Only white space (and comments).
    if start == machine.end { return JSONNode.appendNull(root) }
    machine.depth = 0
    machine.outcome = .fits
    let bytes = UnsafeRawBufferPointer(start: document, count: count)
    guard readRoot(start) != nil, machine.outcome != .misfit else {
      JSONNode.truncate(root, to: row)
      let (reason, at) = machine.failure ?? (Self.misfit(root.pointee.kind), start)
      machine.failure = nil
      return try reject("\(reason)", at - machine.begin, bytes)
    }
    if machine.outcome == .partial { try misfit(bytes) } else { closeRow(nil) }
  }

  /// The rows since the last call; the reader begins anew.
  public func finish() -> JSONRows {
    let rows = JSONRows(column: JSONNode.finish(root, type), malformed: malformed, misfitCount: misfitCount)
    malformed = []
    misfitCount = 0
    byteCount = 0
    return rows
  }

  // MARK: One document

  /// Makes ``document`` large enough.
  private func hold(_ count: Int) {
    guard count > documentCapacity else { return }
    document.deallocate()
    documentCapacity = count + count / 2
    document = .allocate(capacity: documentCapacity + JSONMachine.padding)
    document.initialize(repeating: 0, count: documentCapacity + JSONMachine.padding)
  }

  private func readRoot(_ start: BytePointer) -> BytePointer? {
    // An object where an array of structs is expected is taken for an array of one.
    if root.pointee.kind == .array, start.pointee == UInt8(ascii: "{"), root.pointee.children.pointee.kind == .structure
    {
      let element = root.pointee.children
      if element.pointee.count == element.pointee.capacity { JSONNode.grow(element) }
      guard let end = machine.nested(element, start) else { return nil }
      JSONNode.closeList(root)
      return end
    }
    switch (root.pointee.kind, start.pointee) {
    case (.structure, UInt8(ascii: "{")), (.array, UInt8(ascii: "[")), (.map, UInt8(ascii: "{")):
      guard let end = machine.nested(root, start) else { return nil }
      if machine.outcome == .partial, root.pointee.kind != .structure, !options.enablePartialResults {
        machine.outcome = .misfit
      }
      return end
    default:
      machine.outcome = .misfit
      return start
    }
  }

  private static func misfit(_ kind: JSONNode.Kind) -> StaticString {
    switch kind {
    case .structure: "the document is not an object"
    case .array: "the document is not an array, or an element does not fit"
    default: "the document is not an object, or a value does not fit"
    }
  }

  /// A row for a document that can't be used.
  private func reject(_ reason: String, _ position: Int, _ bytes: UnsafeRawBufferPointer) throws {
    if options.mode == .failFast {
      throw MillError(
        .badInput, "from_json in mode FAILFAST: \(reason) at byte \(position)",
        wayOut: "use mode PERMISSIVE, or correct the record: \(Self.excerpt(bytes))")
    }
    if options.mode == .dropMalformed { return JSONNode.appendNull(root) }
    malformed.append(MalformedJSON(row: root.pointee.count, reason: reason, position: position))
    if root.pointee.kind == .structure {
      for index in 0..<root.pointee.childCount where index != corruptColumn {
        JSONNode.appendNull(root.pointee.children + index)
      }
      root.pointee.count += 1
      closeRow(bytes)
    } else {
      JSONNode.appendNull(root)
    }
  }

  private func misfit(_ bytes: UnsafeRawBufferPointer) throws {
    if options.mode == .failFast {
      throw MillError(
        .badInput, "from_json in mode FAILFAST: a value does not fit its column",
        wayOut: "use mode PERMISSIVE, or correct the record: \(Self.excerpt(bytes))")
    }
    if options.mode == .dropMalformed {
      JSONNode.truncate(root, to: root.pointee.count - 1)
      return JSONNode.appendNull(root)
    }
    misfitCount += 1
    closeRow(bytes)
  }

  /// Writes the corrupt record column of the row that was just read.
  private func closeRow(_ corrupt: UnsafeRawBufferPointer?) {
    guard let corruptColumn else { return }
    let node = root.pointee.children + corruptColumn
    JSONNode.truncate(node, to: root.pointee.count - 1)
    if let corrupt { JSONNode.appendBytes(node, corrupt) } else { JSONNode.appendNull(node) }
  }

  private static func excerpt(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix(200), as: UTF8.self) + (bytes.count > 200 ? "…" : "")
  }

  // MARK: Types

  private static func check(_ type: DataType, depth: Int) throws {
    guard depth <= typeDepthMax else {
      throw MillError(.configuration, "a schema of more than \(typeDepthMax) types inside of each other")
    }
    if case .map(let key, _) = type, key != .string {
      throw MillError(
        .configuration, "a map with keys of type \(key) in from_json", wayOut: "JSON names are text: MAP<STRING, …>")
    }
    if type.isInterval {
      throw MillError(
        .configuration, "from_json reads no \(type.sql)", wayOut: "read a STRING, and CAST it to \(type.sql)")
    }
    for child in type.children { try check(child, depth: depth + 1) }
  }

  private static func prune(_ type: DataType, _ needed: NeededJSON) -> DataType {
    guard case .columns(let names) = needed else { return type }
    switch type {
    case .struct(let schema):
      return .struct(
        Schema(
          schema.columns.compactMap { column in names[column.name].map { .init(column.name, prune(column.type, $0)) } })
      )
    case .array(let element): return .array(prune(element, needed))
    case .map(let key, let value): return .map(key: key, value: prune(value, needed))
    default: return type
    }
  }
}
