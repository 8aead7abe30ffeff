import MillColumns

/// Spark's hash of a value, one after the other: every value's hash is the seed of the next; null leaves it as it is.
protocol RowHash {
  associatedtype Seed: FixedWidthInteger
  static func hash(integer: Int32, seed: Seed) -> Seed
  static func hash(long: Int64, seed: Seed) -> Seed
  static func hash(bytes: UnsafeRawBufferPointer, seed: Seed) -> Seed
}

extension RowHash {
  static func hash(_ column: Column, _ row: Int, seed: Seed) -> Seed {
    if column.isNull(row) { return seed }
    switch column.type {
    case .null: return seed
    case .boolean: return hash(integer: Int32(column.fixed(row, as: UInt8.self)), seed: seed)
    case .byte: return hash(integer: Int32(column.fixed(row, as: Int8.self)), seed: seed)
    case .short: return hash(integer: Int32(column.fixed(row, as: Int16.self)), seed: seed)
    case .integer, .date, .yearMonthInterval: return hash(integer: column.fixed(row, as: Int32.self), seed: seed)
    case .long, .timestamp, .dayTimeInterval: return hash(long: column.fixed(row, as: Int64.self), seed: seed)
    case .float:
      let value = column.fixed(row, as: Float.self)
      let bits = value == 0 ? 0 : value.isNaN ? Float.nan.bitPattern : value.bitPattern
      return hash(integer: Int32(bitPattern: bits), seed: seed)
    case .double:
      let value = column.fixed(row, as: Double.self)
      let bits = value == 0 ? 0 : value.isNaN ? Double.nan.bitPattern : value.bitPattern
      return hash(long: Int64(bitPattern: bits), seed: seed)
    case .decimal(let precision, _):
      let value = column.fixed(row, as: Int128.self)
      if precision <= 18 { return hash(long: Int64(value), seed: seed) }
      return shortest(value).withUnsafeBytes { hash(bytes: $0, seed: seed) }
    case .string, .binary: return column.withBytes(row) { hash(bytes: $0, seed: seed) }
    case .array, .map:
      var seed = seed
      for index in column.offset(row)..<column.offset(row + 1) {
        for child in column.children { seed = hash(child, index, seed: seed) }
      }
      return seed
    case .struct: return column.children.reduce(seed) { hash($1, row, seed: $0) }
    }
  }

  /// As Java's BigInteger.toByteArray: big endian, two's complement, no byte more than needed.
  private static func shortest(_ value: Int128) -> [UInt8] {
    let bytes = Padding.bytes([value])
    var from = 0
    while from < 15, bytes[from] == (value < 0 ? 0xFF : 0), (bytes[from + 1] & 0x80 != 0) == (value < 0) { from += 1 }
    return Array(bytes[from...])
  }
}

/// Murmur3, 32 bits, with Spark's way of taking the bytes behind the last four one by one.
enum Murmur3: RowHash {
  private static func mixed(_ value: UInt32) -> UInt32 { (value &* 0xCC9E_2D51).rotated(15) &* 0x1B87_3593 }
  private static func joined(_ seed: UInt32, _ value: UInt32) -> UInt32 {
    (seed ^ mixed(value)).rotated(13) &* 5 &+ 0xE654_6B64
  }
  private static func finished(_ seed: UInt32, _ length: Int) -> UInt32 {
    var hash = seed ^ UInt32(truncatingIfNeeded: length)
    hash = (hash ^ hash >> 16) &* 0x85EB_CA6B
    hash = (hash ^ hash >> 13) &* 0xC2B2_AE35
    return hash ^ hash >> 16
  }

  static func hash(integer: Int32, seed: UInt32) -> UInt32 {
    finished(joined(seed, UInt32(bitPattern: integer)), 4)
  }

  static func hash(long: Int64, seed: UInt32) -> UInt32 {
    let bits = UInt64(bitPattern: long)
    return finished(joined(joined(seed, UInt32(truncatingIfNeeded: bits)), UInt32(bits >> 32)), 8)
  }

  static func hash(bytes: UnsafeRawBufferPointer, seed: UInt32) -> UInt32 {
    var hash = seed
    let whole = bytes.count / 4 * 4
    for at in stride(from: 0, to: whole, by: 4) {
      hash = joined(hash, UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
    }
    for byte in bytes[whole...] { hash = joined(hash, UInt32(bitPattern: Int32(Int8(bitPattern: byte)))) }
    return finished(hash, bytes.count)
  }
}

/// XXH64, as Spark's xxhash64.
enum XXHash64: RowHash {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  private static func finished(_ seed: UInt64) -> UInt64 {
    var hash = (seed ^ seed >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
  }
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    (lane &+ word &* prime2).rotated(31) &* prime1
  }
  private static func join(long: UInt64, _ hash: UInt64) -> UInt64 {
    (hash ^ round(0, long)).rotated(27) &* prime1 &+ prime4
  }
  private static func join(integer: UInt32, _ hash: UInt64) -> UInt64 {
    (hash ^ UInt64(integer) &* prime1).rotated(23) &* prime2 &+ prime3
  }

  static func hash(integer: Int32, seed: UInt64) -> UInt64 {
    finished(join(integer: UInt32(bitPattern: integer), seed &+ prime5 &+ 4))
  }

  static func hash(long: Int64, seed: UInt64) -> UInt64 {
    finished(join(long: UInt64(bitPattern: long), seed &+ prime5 &+ 8))
  }

  static func hash(bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    func word(_ at: Int) -> UInt64 { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) }
    var at = 0
    var hash = seed &+ prime5
    if bytes.count >= 32 {
      var lanes = [seed &+ prime1 &+ prime2, seed &+ prime2, seed, seed &- prime1]
      while at + 32 <= bytes.count {
        for index in 0..<4 { lanes[index] = round(lanes[index], word(at + 8 * index)) }
        at += 32
      }
      hash = lanes[0].rotated(1) &+ lanes[1].rotated(7) &+ lanes[2].rotated(12) &+ lanes[3].rotated(18)
      for lane in lanes { hash = (hash ^ round(0, lane)) &* prime1 &+ prime4 }
    }
    hash &+= UInt64(bytes.count)
    while at + 8 <= bytes.count {
      hash = join(long: word(at), hash)
      at += 8
    }
    if at + 4 <= bytes.count {
      hash = join(integer: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)), hash)
      at += 4
    }
    for byte in bytes[at...] { hash = (hash ^ UInt64(byte) &* prime5).rotated(11) &* prime1 }
    return finished(hash)
  }
}
