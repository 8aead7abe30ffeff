import MillBase

/// Settings of the memory channel (Flume user guide, Memory Channel).
struct MemoryChannelSettings: Sendable {
  /// Events that the channel holds.
  var capacity = 100
  /// Events in one put or take.
  var transactionCapacity = 100
  /// How long a put waits for room.
  var keepAlive = Duration.seconds(3)
  /// Bytes of headers and bodies that the channel holds.
  var byteCapacity = byteCapacityDefault

  /// Flume's default is 80 % of the Java heap; there is no such heap here, so it is a number.
  static let byteCapacityDefault = 64 << 20

  static let spec = ComponentSpec(
    kind: .channel, type: "memory", otherNames: ["org.apache.flume.channel.MemoryChannel"],
    source: "Flume user guide, Memory Channel",
    keys: [
      KeySpec("capacity", "100", "events that the channel holds"),
      KeySpec("transactionCapacity", "100", "events in one put or take, at most the capacity"),
      KeySpec("keep-alive", "3", "seconds that a put waits for room"),
      KeySpec("byteCapacity", "\(byteCapacityDefault)", "bytes of events that the channel holds"),
      KeySpec(
        "byteCapacityBufferPercentage", "20", "part of byteCapacity left for headers",
        .reported("headers are counted exactly here, so no part of byteCapacity is kept back for them")),
    ])

  init() {}

  init(_ reader: inout SettingsReader) {
    capacity = reader.integer("capacity", in: 1...Int.max)
    transactionCapacity = reader.integer("transactionCapacity", in: 1...Int.max)
    keepAlive = .seconds(reader.integer("keep-alive", in: 0...86_400))
    byteCapacity = reader.integer("byteCapacity")
    // 0 = as good as no limit, as in Flume.
    if byteCapacity == 0 { byteCapacity = 200 << 30 }
    if transactionCapacity > capacity {
      reader.error(
        "transactionCapacity", "transactionCapacity \(transactionCapacity) is above capacity \(capacity)",
        wayOut: "make it at most the capacity")
    }
  }
}
