import Testing

@testable import MillBase

@Suite struct GzipTests {
  @Test(arguments: [0, 1, 1000, 65_536, 65_537, 1_000_000])
  func roundTrip(count: Int) throws {
    var random = SystemRandomNumberGenerator()
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    #expect(try Gzip.decompress(Gzip.compress(bytes), limit: count) == bytes)
    #expect(try Gzip.decompress(Gzip.compress(bytes, level: 9), limit: count) == bytes)
  }

  @Test func limitAtAndPastTheLimit() throws {
    let packed = Gzip.compress([UInt8](repeating: 7, count: 100_000))
    #expect(try Gzip.decompress(packed, limit: 100_000).count == 100_000)
    let error = #expect(throws: MillError.self) { try Gzip.decompress(packed, limit: 99_999) }
    #expect(error?.code == .limit)
  }

  @Test func severalMembers() throws {
    let packed = Gzip.compress([1, 2]) + Gzip.compress([]) + Gzip.compress([3])
    #expect(try Gzip.decompress(packed, limit: 10) == [1, 2, 3])
  }

  @Test func gzipReadsIt() throws {
    let directory = try Files.makeTemporaryDirectory("gzip")
    defer { try? Files.removeTree(directory) }
    try Files.writeAtomically(Gzip.compress(Array("hello\n".utf8)), to: "\(directory)/a.gz")
    #expect(shell("gzip -dc \(directory)/a.gz") == "hello\n")
  }

  @Test func damageIsSeen() throws {
    let packed = Gzip.compress(Array(0..<200))
    for count in 0..<packed.count {
      let error = #expect(throws: MillError.self) { try Gzip.decompress(Array(packed[..<count]), limit: 1000) }
      #expect(error?.code == .badInput)
    }
    var damaged = packed
    damaged[packed.count - 6] ^= 1
    #expect(throws: MillError.self) { try Gzip.decompress(damaged, limit: 1000) }
    #expect(throws: MillError.self) { try Gzip.decompress(packed + [0, 0, 0], limit: 1000) }
  }
}
