import Glibc
import MillColumns

typealias NodePointer = UnsafeMutablePointer<JSONNode>
typealias BytePointer = UnsafePointer<UInt8>

/// A column that is being filled, as plain memory: the parser walks a tree of these without reference counting.
///
/// Owned by ``JSONReader``, which frees it with ``destroy(_:)``. The rows of a struct and of its children have one
/// capacity, kept by the struct; elements of arrays and maps have their own.
struct JSONNode {
  enum Kind: UInt8 {
    case null, boolean, byte, short, integer, long, float, double, decimal, string, binary, date, timestamp
    case array, map, structure
  }

  var kind: Kind
  var width = 0
  var precision = 0
  var scale = 0

  /// Rows.
  var count = 0
  var capacity = 0
  /// Fixed-width values, or the bytes of strings.
  var values: UnsafeMutableRawPointer?
  /// Of strings: bytes in use, and bytes that fit.
  var bytesCount = 0
  var bytesCapacity = 0
  /// Two whole blocks of text fit behind so many bytes; below 0 = they never do.
  var blocksLimit = -1
  /// Bytes of the string (0 ... 31), or digits of the number (1 ... 16), before: the next one often has as many.
  var lengthGuess = 1
  /// `capacity + 3` entries, of strings, binary, arrays, maps.
  var offsets: UnsafeMutablePointer<Int32>?
  /// nil until the first null; bits of rows that are not there yet are 1.
  var validity: UnsafeMutablePointer<UInt8>?

  var children: NodePointer
  var childCount = 0

  /// The name in the enclosing struct; nil = never found (the corrupt record column).
  var key: UnsafeMutablePointer<UInt8>?
  var keyCount = 0
  /// Of a struct: the members of its objects so far.
  var slots: JSONSlots

  static let digitsGuessMax = 16
  /// Rows that fit past the capacity (a repeated key writes one row ahead).
  private static let rowSlack = 2

  init(_ type: DataType, key name: String? = nil) {
    slots = JSONSlots()
    var childTypes: [(DataType, String?)] = []
    switch type {
    case .null: kind = .null
    case .boolean: kind = .boolean
    case .byte: kind = .byte
    case .short: kind = .short
    case .integer: kind = .integer
    case .long: kind = .long
    case .float: kind = .float
    case .double: kind = .double
    case .decimal(let precision, let scale):
      kind = .decimal
      self.precision = precision
      self.scale = scale
    case .string: kind = .string
    case .binary: kind = .binary
    case .date: kind = .date
    case .timestamp: kind = .timestamp
    case .yearMonthInterval, .dayTimeInterval: preconditionFailure("JSONReader takes no intervals")
    case .array(let element):
      kind = .array
      childTypes = [(element, nil)]
    case .map(let key, let value):
      kind = .map
      childTypes = [(key, nil), (value, nil)]
    case .struct(let schema):
      kind = .structure
      childTypes = schema.columns.map { ($0.type, $0.name) }
    }
    width = type.width ?? 0
    childCount = childTypes.count
    children = .allocate(capacity: childCount)
    for (index, child) in childTypes.enumerated() {
      // A repeated name in the schema: the last column has it, as in Spark.
      let isHidden = childTypes[(index + 1)...].contains { $0.1 != nil && $0.1 == child.1 }
      (children + index).initialize(to: JSONNode(child.0, key: isHidden ? nil : child.1))
    }
    if let name {
      let bytes = Array(name.utf8)
      key = .allocate(capacity: bytes.count + 8)
      key!.initialize(repeating: 0, count: bytes.count + 8)
      key!.update(from: bytes, count: bytes.count)
      keyCount = bytes.count
    }
  }

  static func destroy(_ node: NodePointer) {
    free(node.pointee.values)
    free(node.pointee.offsets)
    free(node.pointee.validity)
    node.pointee.slots.destroy()
    node.pointee.key?.deallocate()
    for index in 0..<node.pointee.childCount { destroy(node.pointee.children + index) }
    node.pointee.children.deallocate()
  }

  var hasOffsets: Bool { kind == .string || kind == .binary || kind == .array || kind == .map }
  var hasBytes: Bool { kind == .string || kind == .binary }

  // MARK: Room

  /// Room for one row more, here and in the children of structs.
  static func grow(_ node: NodePointer, to wanted: Int? = nil) {
    let old = node.pointee.capacity
    let capacity = wanted ?? max(old * 2, 64)
    node.pointee.capacity = capacity
    let rows = capacity + rowSlack
    if node.pointee.width > 0 { node.pointee.values = resize(node.pointee.values, rows * node.pointee.width) }
    if node.pointee.hasOffsets {
      let isNew = node.pointee.offsets == nil
      node.pointee.offsets = resize(node.pointee.offsets, (rows + 1) * 4)
        .assumingMemoryBound(to: Int32.self)
      if isNew { node.pointee.offsets![0] = 0 }
    }
    if let validity = node.pointee.validity {
      let (from, to) = ((old + rowSlack + 7) / 8, (rows + 7) / 8)
      let bits = resize(validity, to).assumingMemoryBound(to: UInt8.self)
      (bits + from).initialize(repeating: 0xFF, count: max(0, to - from))
      node.pointee.validity = bits
    }
    if node.pointee.kind == .structure {
      for index in 0..<node.pointee.childCount { grow(node.pointee.children + index, to: capacity) }
    }
  }

  static func growBytes(_ node: NodePointer, by count: Int) {
    let capacity = max(node.pointee.bytesCapacity * 2, node.pointee.bytesCount + count, 256)
    node.pointee.values = resize(node.pointee.values, capacity)
    node.pointee.bytesCapacity = capacity
    node.pointee.blocksLimit = min(capacity, Int(Int32.max)) - 2 * TextBlock.count
  }

  private static func resize(_ old: UnsafeMutableRawPointer?, _ bytes: Int) -> UnsafeMutableRawPointer {
    guard let new = realloc(old, bytes + Buffer.slack) else { fatalError("no memory for \(bytes) bytes") }
    return new
  }

  // MARK: Rows

  /// Ends a row of a node with offsets.
  @inline(__always) static func closeBytes(_ node: NodePointer) {
    node.pointee.count += 1
    node.pointee.offsets.unsafelyUnwrapped[node.pointee.count] = Column.checkedOffset(node.pointee.bytesCount)
  }

  static func closeList(_ node: NodePointer) {
    node.pointee.count += 1
    node.pointee.offsets![node.pointee.count] = Column.checkedOffset(node.pointee.children.pointee.count)
  }

  @inline(__always) static func append<T: BitwiseCopyable>(_ node: NodePointer, _ value: T) {
    let row = node.pointee.count
    node.pointee.values.unsafelyUnwrapped.assumingMemoryBound(to: T.self)[row] = value
    node.pointee.count = row + 1
  }

  static func appendBytes(_ node: NodePointer, _ bytes: UnsafeRawBufferPointer) {
    if node.pointee.bytesCapacity - node.pointee.bytesCount < bytes.count || node.pointee.values == nil {
      growBytes(node, by: bytes.count)
    }
    if let from = bytes.baseAddress {
      (node.pointee.values! + node.pointee.bytesCount).copyMemory(from: from, byteCount: bytes.count)
    }
    node.pointee.bytesCount += bytes.count
    closeBytes(node)
  }

  static func appendNull(_ node: NodePointer) {
    let row = node.pointee.count
    if node.pointee.validity == nil {
      let bytes = (node.pointee.capacity + rowSlack + 7) / 8
      let bits = resize(nil, bytes).assumingMemoryBound(to: UInt8.self)
      bits.initialize(repeating: 0xFF, count: bytes)
      node.pointee.validity = bits
    }
    node.pointee.validity![row >> 3] &= ~(1 << UInt8(row & 7))
    switch node.pointee.kind {
    case .null: node.pointee.count += 1
    case .string, .binary: closeBytes(node)
    case .array, .map: closeList(node)
    case .structure:
      for index in 0..<node.pointee.childCount where node.pointee.children[index].count == row {
        appendNull(node.pointee.children + index)
      }
      node.pointee.count += 1
    default:
      let width = node.pointee.width
      (node.pointee.values! + row * width).initializeMemory(as: UInt8.self, repeating: 0, count: width)
      node.pointee.count += 1
    }
  }

  /// Takes rows back, so that `count` remain.
  static func truncate(_ node: NodePointer, to count: Int) {
    if node.pointee.count > count {
      if let validity = node.pointee.validity {
        for row in count..<node.pointee.count { validity[row >> 3] |= 1 << UInt8(row & 7) }
      }
      node.pointee.count = count
    }
    switch node.pointee.kind {
    case .string, .binary: node.pointee.bytesCount = node.pointee.offsets.map { Int($0[count]) } ?? 0
    case .array, .map:
      let elements = node.pointee.offsets.map { Int($0[count]) } ?? 0
      for index in 0..<node.pointee.childCount { truncate(node.pointee.children + index, to: elements) }
    case .structure:
      for index in 0..<node.pointee.childCount { truncate(node.pointee.children + index, to: count) }
    default: break
    }
  }

  // MARK: The end

  /// Turns the rows into a column and begins anew, with room for as many.
  static func finish(_ node: NodePointer, _ type: DataType) -> Column {
    let count = node.pointee.count
    var children: [Column] = []
    for (index, child) in type.children.enumerated() { children.append(finish(node.pointee.children + index, child)) }
    if node.pointee.capacity == 0 { grow(node, to: 0) }
    if node.pointee.hasBytes, node.pointee.values == nil { growBytes(node, by: 0) }
    let valuesCount = node.pointee.hasBytes ? node.pointee.bytesCount : count * node.pointee.width
    let column = Column(
      type, count: count,
      validity: node.pointee.validity.map { Buffer(owning: $0, count: (count + 7) / 8) },
      values: node.pointee.values.map { Buffer(owning: $0, count: valuesCount) },
      offsets: node.pointee.offsets.map { Buffer(owning: $0, count: (count + 1) * 4) }, children: children)
    let (capacity, bytes) = (node.pointee.capacity, node.pointee.bytesCount)
    node.pointee.validity = nil
    node.pointee.values = nil
    node.pointee.offsets = nil
    node.pointee.count = 0
    node.pointee.bytesCount = 0
    node.pointee.bytesCapacity = 0
    node.pointee.blocksLimit = -1
    node.pointee.capacity = 0
    // Children of structs get their room from the struct.
    if node.pointee.kind != .structure { grow(node, to: capacity) } else { regrow(node, capacity) }
    if node.pointee.hasBytes { growBytes(node, by: bytes + bytes / 8) }
    return column
  }

  private static func regrow(_ node: NodePointer, _ capacity: Int) {
    node.pointee.capacity = capacity
    for index in 0..<node.pointee.childCount where node.pointee.children[index].capacity != capacity {
      grow(node.pointee.children + index, to: capacity)
    }
  }
}

extension DataType {
  /// Types of an array's elements, a map's keys and values, a struct's columns.
  var children: [DataType] {
    switch self {
    case .array(let element): [element]
    case .map(let key, let value): [key, value]
    case .struct(let schema): schema.columns.map(\.type)
    default: []
    }
  }
}
