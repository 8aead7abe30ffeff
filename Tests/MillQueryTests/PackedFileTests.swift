import MillBase
import MillLog
import Testing

@testable import MillQuery

/// Files that are packed, in formats that PySpark alone does not write, and big ones.
@Suite struct PackedFileTests {
  private static func put(_ bytes: [UInt8], _ name: String, in bench: FileStreamBench) throws {
    try Files.writeAtomically(bytes, to: "\(bench.input)/\(name)")
  }

  /// Through many blocks, and many pieces of a read.
  @Test(arguments: ["lz4", "snappy", "deflate"])
  func bigFilesComeBack(_ codec: String) throws {
    let bench = try FileStreamBench()
    var random = SystemRandomNumberGenerator()
    let lines = (0..<20_000).map { "\($0) \($0 % 7 == 0 ? String(random.next(), radix: 36) : "x") \($0 * 7919)" }
    let text = Array((lines.joined(separator: "\n") + "\n").utf8)
    let half = text.count / 2
    // Two parts, one after the other, as a file that is written bit by bit.
    let packed = [Array(text[..<half]), Array(text[half...])].flatMap { part in
      codec == "deflate" ? Gzip.compress(part, as: .zlib) : HadoopCodec(rawValue: codec)!.pack(part)
    }
    try Self.put(packed, "a.\(codec)", in: bench)
    #expect(try bench.run() == [lines.joined(separator: " ")])
  }

  @Test func framesOfZstd() throws {
    let bench = try FileStreamBench()
    // zstd's own frames of "a\n" and "b\n", with a skippable frame between them.
    func frame(_ text: String) -> [UInt8] {
      [0x28, 0xB5, 0x2F, 0xFD, 0x20, UInt8(text.utf8.count), UInt8(text.utf8.count << 3 | 1), 0, 0] + Array(text.utf8)
    }
    let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 1, 2]
    try Self.put(frame("a\n") + skippable + frame("b\n"), "a.zst", in: bench)
    #expect(try bench.run() == ["a b"])
  }
}
