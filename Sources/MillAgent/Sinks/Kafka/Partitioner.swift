import MillLog

/// Which partition a record goes to, as Kafka's default partitioner decides.
struct Partitioner {
  /// The partition for records without a key; moves on after each batch.
  private var sticky: [String: Int32] = [:]

  /// By the key's hash, else the batch's partition.
  mutating func partition(key: [UInt8]?, topic: String, of count: Int) -> Int32 {
    if let key { return Int32(Self.murmur2(key) & 0x7FFF_FFFF) % Int32(count) }
    return sticky[topic, default: 0] % Int32(count)
  }

  mutating func nextBatch() {
    for topic in sticky.keys { sticky[topic]! &+= 1 }
  }

  mutating func know(_ topic: String, partitions: Int) {
    if sticky[topic] == nil { sticky[topic] = Int32.random(in: 0..<Int32(partitions)) }
  }

  /// Kafka's variant of MurmurHash2 (org.apache.kafka.common.utils.Utils.murmur2).
  static func murmur2(_ bytes: [UInt8]) -> UInt32 {
    let m: UInt32 = 0x5BD1_E995
    var h: UInt32 = 0x9747_B28C ^ UInt32(truncatingIfNeeded: bytes.count)
    var index = 0
    while index + 4 <= bytes.count {
      var k =
        UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
        | UInt32(bytes[index + 3]) << 24
      k = k &* m
      k ^= k >> 24
      k = k &* m
      h = h &* m ^ k
      index += 4
    }
    let rest = bytes.count - index
    if rest >= 3 { h ^= UInt32(bytes[index + 2]) << 16 }
    if rest >= 2 { h ^= UInt32(bytes[index + 1]) << 8 }
    if rest >= 1 {
      h ^= UInt32(bytes[index])
      h = h &* m
    }
    h ^= h >> 13
    h = h &* m
    return h ^ h >> 15
  }
}
