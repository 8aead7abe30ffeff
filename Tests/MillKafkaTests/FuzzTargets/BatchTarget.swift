import MillBase

@testable import MillLog

/// Record batches from producers. The first byte chooses: bytes for one of the codecs; a batch made of the bytes, most
/// of them good; or the bytes as a batch whose length and CRC are right. What the log takes has to come out of it
/// again, the same records.
public final class BatchTarget: FuzzTarget {
  public static let name = "batches"
  private static let topics: [(name: String, configuration: [String: String])] = [
    ("plain", [:]), ("packed", ["compression.type": "zstd"]), ("keys", ["cleanup.policy": "compact"]),
    ("timed", ["message.timestamp.type": "LogAppendTime"]),
  ]
  /// So many inputs share a log: opening one costs more than they do.
  private static let inputsPerLog = 100

  private var log: LocalLog
  private var directory: String
  private var inputs = 0

  public init() throws { (log, directory) = try Self.open() }

  deinit { try? close() }

  private static func open() throws -> (LocalLog, String) {
    let directory = try FuzzFolder.make()
    var options = LogOptions()
    options.housekeeps = false
    let log = try LocalLog(directory: directory, options: options)
    for topic in topics { try log.createTopic(topic.name, partitions: 1, configuration: topic.configuration) }
    return (log, directory)
  }

  /// The files on the disk agree with the log.
  private func close() throws {
    defer { try? Files.removeTree(directory) }
    try log.checkInvariants()
    try log.close()
    let inspector = try LogInspector(directory: directory)
    for topic in Self.topics {
      let partition = try inspector.inspect(TopicPartition(topic.name, 0))
      try FuzzFinding.require(partition.isClean, "\(topic.name): \(partition)")
    }
  }

  public func run(_ input: [UInt8]) throws {
    var input = FuzzInput(input)
    let choice = input.byte()
    switch choice % 4 {
    case 0: try unpack(Codec.allCases[1 + Int(choice >> 2) % 4], Array(input.rest))
    case 1:
      var bytes = Array(input.rest)
      if bytes.count > 16 { bytes[16] = 2 }
      if bytes.count >= BatchHeader.size {
        withUnsafeBytes(of: Int32(bytes.count - 12).bigEndian) { bytes.replaceSubrange(8..<12, with: $0) }
        BatchEncoder.seal(&bytes)
      }
      try store(bytes, Int(choice >> 2))
    default:
      var source = ChosenSource(input: input)
      try store(try DrawnBatch.make(&source), Int(choice >> 2))
    }
  }

  /// What can be unpacked can be packed and unpacked again.
  private func unpack(_ codec: Codec, _ bytes: [UInt8]) throws {
    var first: [UInt8] = []
    do { try bytes.withUnsafeBytes { try Compression.decompress($0, codec, into: &first) } } catch is MillError {
      return
    }
    try FuzzFinding.require(first.count <= Compression.unpackedSizeMax, "\(first.count) bytes were unpacked")
    // Packing large ones would take all the time there is.
    guard first.count < 1 << 16 else { return }
    let packed = try first.withUnsafeBytes { try Compression.compress($0, codec) }
    var second: [UInt8] = []
    try packed.withUnsafeBytes { try Compression.decompress($0, codec, into: &second) }
    try FuzzFinding.require(first == second, "\(codec): \(first.count) bytes became others")
  }

  private func store(_ batch: [UInt8], _ choice: Int) throws {
    inputs += 1
    if inputs % Self.inputsPerLog == 0 {
      try close()
      (log, directory) = try Self.open()
    }
    let partition = TopicPartition(Self.topics[choice % Self.topics.count].name, 0)
    let base: Int64
    do { (base, _) = try log.appendStored(batch, to: partition) } catch is MillError { return }
    let (header, unpacked) = try BatchCheck.check(batch)
    let sent = try Self.records(batch, header, unpacked)
    let stored = try log.readStored(partition, from: base, maxBytes: 1)
    guard let storedHeader = stored.bytes.withUnsafeBytes({ BatchHeader($0) }) else {
      throw FuzzFinding("nothing is stored at \(base)")
    }
    let got = try Self.records(stored.bytes, storedHeader, try BatchCheck.check(stored.bytes).unpacked)
    // A producer's repeated batch is answered with the offset of the first one.
    if !header.hasProducer { try Self.compare(sent, got, withTime: partition.topic != "timed") }
    // An open transaction hides what follows.
    if header.isTransactional {
      inputs = -1 + Self.inputsPerLog
    } else if !header.hasProducer {
      let read = try log.read(partition, from: base, maxBytes: 1, wait: .zero)
      try Self.compare(got, (0..<read.count).map(read.record), withTime: true)
    }
    try filter(stored.bytes, storedHeader, got.count)
  }

  private static func records(_ batch: [UInt8], _ header: BatchHeader, _ unpacked: [UInt8]) throws -> [Record] {
    let isPacked = header.codec != Codec.none
    var records = RecordBatch(topicPartition: .init("", 0), bytes: isPacked ? unpacked : batch, nextOffset: 0)
    try records.bytes.withUnsafeBytes { raw in
      try BatchDecoder.index(
        raw, from: isPacked ? 0 : BatchHeader.size, to: raw.count, header: header, offset: 0, into: &records.slots)
    }
    return (0..<records.count).map(records.record)
  }

  private static func compare(_ sent: [Record], _ got: [Record], withTime: Bool) throws {
    try FuzzFinding.require(sent.count == got.count, "\(sent.count) records became \(got.count)")
    for (sent, got) in zip(sent, got) {
      var sent = sent
      if !withTime { sent.timestamp = got.timestamp }
      try FuzzFinding.require(sent == got, "\(sent) became \(got)")
    }
  }

  /// Compaction's part: every second record stays, and the batch is one again.
  private func filter(_ batch: [UInt8], _ header: BatchHeader, _ count: Int) throws {
    var isKept = false
    guard
      let kept = try StoredRecords.filter(
        batch, header,
        { _ in
          isKept.toggle()
          return isKept
        })
    else { throw FuzzFinding("no record is left") }
    guard let keptHeader = kept.withUnsafeBytes({ BatchHeader($0) }), keptHeader.flaw == nil else {
      throw FuzzFinding("what is left is no batch")
    }
    var left = 0
    try StoredRecords.walk(kept, keptHeader) { _ in
      left += 1
      return true
    }
    try FuzzFinding.require(left == (count + 1) / 2, "\(left) of \(count) records are left")
  }

  public static func seeds() throws -> [[UInt8]] {
    let text = Array(String(repeating: "{\"year\":2021,\"population\":329725481}", count: 20).utf8)
    let records = (0..<3).map { Record(key: [UInt8($0)], value: text, headers: [.init("source", "api")]) }
    var seeds: [[UInt8]] = []
    for (number, codec) in Codec.allCases.enumerated() {
      if codec != .none {
        seeds.append([UInt8(number - 1) << 2] + (try text.withUnsafeBytes { try Compression.compress($0, codec) }))
      }
      for topic in 0..<topics.count {
        seeds.append([UInt8(topic) << 2 | 1] + (try BatchEncoder.encode(records, codec: codec, now: 1_700_000_000_000)))
      }
      seeds.append([UInt8(number) << 2 | 2, UInt8(number)] + (0..<60).map { UInt8($0 * 7 % 100) })
    }
    // Snappy as it comes from librdkafka, without blocks: ten bytes "a"; and one that says it is 2 GiB large.
    seeds.append([1 << 2, 10, 0, 0x61, 0x22, 1, 0])
    seeds.append([1 << 2, 0xFF, 0xFF, 0xFF, 0xFF, 7])
    // zstd: 1,025 blocks of 128 KiB zeros, a little more than may be unpacked.
    let zeros = (0..<1025).flatMap { [$0 == 1024 ? 3 : 2, 0, 16, 0] as [UInt8] }
    seeds.append([3 << 2, 0x28, 0xB5, 0x2F, 0xFD, 0, 0x38] + zeros)
    return seeds
  }
}
