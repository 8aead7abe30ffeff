import MillBase
import Testing

@testable import MillLog

@Suite struct FormatTests {
  @Test(
    arguments: [
      ("", 0), ("123456789", 0xE306_9283), ("a", 0xC1D0_4330),
      ("The quick brown fox jumps over the lazy dog", 0x2262_0404),
    ] as [(String, UInt32)]) func crc32c(text: String, checksum: UInt32)
  {
    #expect(Array(text.utf8).withUnsafeBytes { CRC32C.checksum($0) } == checksum)
  }

  @Test func crc32cOfEveryLengthAgreesWithTheDefinition() {
    let bytes = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    for count in 0...64 {
      var crc = UInt32.max
      for byte in bytes[..<count] {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      }
      #expect(bytes[..<count].withUnsafeBytes { CRC32C.checksum($0) } == ~crc)
      #expect(bytes[..<count].withUnsafeBytes { CRC32C.bySlicing($0) } == ~crc)
    }
  }

  @Test(arguments: [0, -1, 1, 63, -64, 64, 8191, 8192, Int64(Int32.max), .max, .min]) func varints(value: Int64) {
    var writer = ByteWriter()
    writer.appendVarint(value)
    #expect(writer.bytes.count == varintSize(value))
    let back = writer.bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      return reader.varint()
    }
    #expect(back == value)
  }

  @Test(arguments: Codec.allCases) func codecsRoundTrip(codec: Codec) throws {
    for size in [0, 1, 100, 32 << 10, (32 << 10) + 1, 700_000] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: ($0 / 7) ^ ($0 >> 9)) }
      let packed = try bytes.withUnsafeBytes { try Compression.compress($0, codec) }
      var unpacked: [UInt8] = [1, 2, 3]
      try packed.withUnsafeBytes { try Compression.decompress($0, codec, into: &unpacked) }
      #expect(unpacked == [1, 2, 3] + bytes, "\(size) bytes")
    }
  }

  @Test(arguments: [Codec.gzip, .snappy, .lz4, .zstd]) func damagedDataIsAnErrorAndNoCrash(codec: Codec) throws {
    let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 3) }
    let packed = try bytes.withUnsafeBytes { try Compression.compress($0, codec) }
    for cut in stride(from: 0, to: packed.count, by: 3) {
      var out: [UInt8] = []
      let isWhole = (try? packed[..<cut].withUnsafeBytes { try Compression.decompress($0, codec, into: &out) }) != nil
      // Snappy's blocks may end at a cut between two of them; nothing else may pass.
      #expect(!isWhole || codec == .snappy && bytes.starts(with: out), "cut at \(cut)")
    }
    for position in packed.indices {
      var damaged = packed
      damaged[position] ^= 0x55
      var out: [UInt8] = []
      _ = try? damaged.withUnsafeBytes { try Compression.decompress($0, codec, into: &out) }
    }
  }

  @Test func topicIDsAreWrittenAsKafkaWritesThem() {
    let id = TopicID(high: 0x0123_4567_89AB_4DEF, low: 0x8123_4567_89AB_CDEF)
    #expect(id.description == "ASNFZ4mrTe-BI0VniavN7w")
    #expect(TopicID("ASNFZ4mrTe-BI0VniavN7w") == id)
    for _ in 0..<100 {
      let random = TopicID.random()
      #expect(TopicID(random.description) == random)
    }
  }

  @Test(arguments: ["", ".", "..", "a b", "ä", "a/b", String(repeating: "x", count: 250)])
  func topicNamesThatKafkaRefuses(name: String) { #expect(throws: MillError.self) { try TopicName.check(name) } }

  @Test(arguments: ["a", "A.b_c-9", "...", String(repeating: "x", count: 249)])
  func topicNamesThatKafkaTakes(name: String) { #expect(throws: Never.self) { try TopicName.check(name) } }
}
