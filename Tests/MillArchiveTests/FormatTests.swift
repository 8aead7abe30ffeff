import CZlib
import Glibc
import MillBase
import Testing

@testable import MillArchive

@Suite struct FormatTests {
  static let shared =
    getenv("MILLRACE_SHARED").map { String(cString: $0) } ?? Files.split(#filePath).directory + "/../../../shared"

  private func event(_ number: Int, headers: [String: String] = [:]) -> ArchiveEvent {
    ArchiveEvent(timestamp: 1_700_000_000_000 + Int64(number), headers: headers, body: Array("{\"n\":\(number)}".utf8))
  }

  /// Two events, a mark, one event: as the files were made with Hadoop 3.4.1.
  private func file(_ format: any EventFormat) -> [UInt8] {
    var bytes = format.start()
    for number in 0..<2 { format.encode(event(number), into: &bytes) }
    bytes += format.mark()
    format.encode(event(2), into: &bytes)
    return bytes + format.finish()
  }

  @Test(
    .enabled(if: Files.exists("\(shared)/data/ref"), "skipped: no reference data beside the checkout"),
    arguments: [("long_bytes", SequenceFileFormat.Value.writable, 0x4F), ("long_text", .text, 0x46)])
  func sequenceFilesAreHadoopsByteForByte(name: String, value: SequenceFileFormat.Value, marker: Int) throws {
    let reference = try Files.read("\(Self.shared)/data/ref/seqfile_hadoop3.4.1_\(name)_3rec.seq")
    let own = Array(reference[marker..<marker + 16])
    #expect(file(SequenceFileFormat(value: value, marker: own)) == reference)
  }

  @Test func variableIntegersAreHadoops() {
    // WritableUtils.writeVLong: one byte to 127, then the count of bytes and the bytes.
    func bytes(_ value: Int) -> [UInt8] {
      var out: [UInt8] = []
      SequenceFileFormat.writeVariable(value, to: &out)
      return out
    }
    #expect(bytes(0) == [0] && bytes(127) == [127])
    #expect(bytes(128) == [0x8F, 0x80] && bytes(255) == [0x8F, 0xFF])
    #expect(bytes(256) == [0x8E, 0x01, 0x00] && bytes(1 << 24) == [0x8C, 1, 0, 0, 0])
  }

  @Test func longSequenceFilesHaveMarks() {
    let marker = [UInt8](1...16)
    let format = SequenceFileFormat(value: .writable, marker: marker)
    var bytes = format.start()
    let body = [UInt8](repeating: 0x41, count: 1000)
    for _ in 0..<250 { format.encode(ArchiveEvent(timestamp: 0, body: body), into: &bytes) }
    let escape = [UInt8](repeating: 0xFF, count: 4) + marker
    let marks = bytes.indices.filter { bytes[$0...].starts(with: escape) }
    // A header of 95 bytes, records of 1,020: the first record at or past 102,400, and again from the mark's end on.
    #expect(marks == [95 + 101 * 1020, 95 + 101 * 1020 + 20 + 101 * 1020])
  }

  @Test func textAndHeaders() {
    #expect(String(decoding: file(TextFormat()), as: UTF8.self) == "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n")
    var out: [UInt8] = []
    TextFormat(withHeaders: true, appendsNewline: false).encode(event(0, headers: ["b": "2", "a": "1"]), into: &out)
    #expect(String(decoding: out, as: UTF8.self) == "{a=1, b=2} {\"n\":0}")
  }

  @Test func gzipFilesAreWholeAndReadableUpToEachMark() throws {
    let packed = file(GzipFormat(TextFormat()))
    #expect(
      try String(decoding: Gzip.decompress(packed, limit: 1000), as: UTF8.self) == "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n")
  }

  @Test func rolling() {
    let second: UInt64 = 1_000_000_000
    let policy = RollPolicy(interval: .seconds(30), size: 100, count: 10, idle: .seconds(5))
    #expect(!policy.isFull(events: 9, bytes: 99))
    #expect(policy.isFull(events: 10, bytes: 0) && policy.isFull(events: 0, bytes: 100))
    #expect(!policy.isDue(opened: 0, lastWritten: 26 * second, now: 30 * second - 1))
    #expect(policy.isDue(opened: 0, lastWritten: 26 * second, now: 30 * second))
    #expect(policy.isDue(opened: 0, lastWritten: 10 * second, now: 15 * second))
    #expect(!RollPolicy().isFull(events: 1 << 40, bytes: 1 << 40))
    #expect(!RollPolicy().isDue(opened: 0, lastWritten: 0, now: 1 << 60))
  }
}
