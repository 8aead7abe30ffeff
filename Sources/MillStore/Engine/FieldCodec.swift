/// The compact form of a point's fields, as the built-in store keeps them: for each field a varint
/// (field number × 8 + type), then the value: float 8 bytes little endian, integer zigzag varint, unsigned varint,
/// boolean 1 byte, string varint count and bytes.
enum FieldCodec {
  struct Header {
    var number: Int
    var type: FieldType
  }

  static func appendVarint(_ value: UInt64, to out: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    out.append(UInt8(rest))
  }

  static func appendHeader(_ number: Int, _ type: FieldType, to out: inout [UInt8]) {
    appendVarint(UInt64(number) << 3 | UInt64(type.rawValue), to: &out)
  }

  /// - Parameter bits: as in ``ParsedPoints/Field/bits``, for all types but string.
  static func append(_ number: Int, _ type: FieldType, bits: UInt64, to out: inout [UInt8]) {
    appendHeader(number, type, to: &out)
    switch type {
    case .float: withUnsafeBytes(of: bits.littleEndian) { out.append(contentsOf: $0) }
    case .integer:
      let value = Int64(bitPattern: bits)
      appendVarint(UInt64(bitPattern: value << 1 ^ value >> 63), to: &out)
    case .unsigned: appendVarint(bits, to: &out)
    case .boolean: out.append(UInt8(bits))
    case .string: preconditionFailure("strings have bytes, not bits")
    }
  }

  static func append(_ number: Int, string: some Collection<UInt8>, to out: inout [UInt8]) {
    appendHeader(number, .string, to: &out)
    appendVarint(UInt64(string.count), to: &out)
    out.append(contentsOf: string)
  }

  /// What the fields are when a point comes again: a new value wins, an old field that is not there stays.
  static func union(old: UnsafeRawBufferPointer, new: UnsafeRawBufferPointer) -> [UInt8]? {
    var newNumbers: Set<Int> = []
    var reader = FieldReader(new)
    while let header = reader.next() {
      newNumbers.insert(header.number)
      reader.skip(header.type)
    }
    guard !reader.isDamaged else { return nil }
    var result: [UInt8] = []
    reader = FieldReader(old)
    while true {
      let start = reader.position
      guard let header = reader.next() else { break }
      reader.skip(header.type)
      if !newNumbers.contains(header.number) { result.append(contentsOf: old[start..<reader.position]) }
    }
    guard !reader.isDamaged else { return nil }
    result.append(contentsOf: new)
    return result
  }
}

/// Walks over encoded fields. Damaged bytes end the walk and set `isDamaged`; nothing is read past the end.
struct FieldReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0
  private(set) var isDamaged = false

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func next() -> FieldCodec.Header? {
    guard position < bytes.count, !isDamaged else { return nil }
    let word = varint()
    guard let type = FieldType(rawValue: UInt8(word & 7)), !isDamaged else {
      isDamaged = true
      return nil
    }
    return .init(number: Int(truncatingIfNeeded: word >> 3), type: type)
  }

  mutating func skip(_ type: FieldType) {
    switch type {
    case .float: advance(8)
    case .integer, .unsigned: _ = varint()
    case .boolean: advance(1)
    case .string: advance(Int(truncatingIfNeeded: varint()))
    }
  }

  mutating func value(_ type: FieldType) -> FieldValue {
    let start = position
    switch type {
    case .float:
      advance(8)
      if isDamaged { return .null }
      return .float(
        Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self))))
    case .integer:
      let word = varint()
      return .integer(Int64(bitPattern: word >> 1) ^ -Int64(bitPattern: word & 1))
    case .unsigned: return .integer(Int64(truncatingIfNeeded: varint()))
    case .boolean:
      advance(1)
      return isDamaged ? .null : .boolean(bytes[start] != 0)
    case .string:
      let count = Int(truncatingIfNeeded: varint())
      let begin = position
      advance(count)
      return isDamaged ? .null : .string(String(decoding: bytes[begin..<position], as: UTF8.self))
    }
  }

  private mutating func advance(_ count: Int) {
    if count < 0 || count > bytes.count - position {
      isDamaged = true
      position = bytes.count
    } else {
      position += count
    }
  }

  private mutating func varint() -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 64 {
      let byte = bytes[position]
      position += 1
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
      shift += 7
    }
    isDamaged = true
    return 0
  }
}
