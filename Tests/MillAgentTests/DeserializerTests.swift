import MillBase
import Testing

@testable import MillAgent

@Suite struct DeserializerTests {
  /// The bodies of a file, and the position after each.
  private func read(
    _ bytes: [UInt8], from position: Int64 = 0, max: Int = 2048, _ charset: Charset = .utf8,
    _ policy: DeserializerSettings.ErrorPolicy = .fail
  ) throws -> (bodies: [String], positions: [Int64]) {
    let directory = try Files.makeTemporaryDirectory("millrace-line")
    defer { try? Files.removeTree(directory) }
    let path = "\(directory)/f"
    try Files.writeAtomically(bytes, to: path)
    let lines = try LineDeserializer(
      file: File(path, .read), name: "f", position: position, lengthMax: max, charset: charset, errorPolicy: policy)
    var found: (bodies: [String], positions: [Int64]) = ([], [])
    while let body = try lines.next() {
      found.bodies.append(String(decoding: body, as: UTF8.self))
      found.positions.append(lines.position)
    }
    return found
  }

  private func lines(_ text: String, max: Int = 2048) throws -> [String] { try read(Array(text.utf8), max: max).bodies }

  @Test func linesAsFlumeCutsThem() throws {
    #expect(try lines("") == [])
    #expect(try lines("a\nb") == ["a", "b"])
    #expect(try lines("a\r\n\nb\n") == ["a\r", "", "b"])
    #expect(try lines("abcdef\ngh", max: 4) == ["abcd", "ef", "gh"])
    // A line of exactly the limit: its end is left for an event of its own (LineDeserializer counts it).
    #expect(try lines("abcd\nx", max: 4) == ["abcd", "", "x"])
    #expect(try lines("abc\nx", max: 4) == ["abc", "x"])
    // Characters, not bytes; a pair of surrogates counts two and stays whole.
    #expect(try lines("ääää\nx", max: 5) == ["ääää", "x"])
    #expect(try lines("a😀😀", max: 4) == ["a😀", "😀"])
    let long = String(repeating: "x", count: 200_000)
    #expect(try lines(long).map(\.count) == Array(repeating: 2048, count: 97) + [200_000 - 97 * 2048])
  }

  @Test func theFirstCutOfAFileIsReported() throws {
    let warnings = try logged { _ in _ = try lines(String(repeating: "y", count: 7000), max: 1999) }
    #expect(warnings.count { $0.contains("longer than 1999 characters") } == 1, "\(warnings)")
  }

  @Test func readingGoesOnAtAPosition() throws {
    let text = Array("eins\nzwei\nd😀ei\nvier".utf8)
    let whole = try read(text)
    for (index, position) in whole.positions.enumerated() {
      #expect(try read(text, from: position).bodies == Array(whole.bodies[(index + 1)...]))
    }
  }

  @Test func encodings() throws {
    let latin: [UInt8] = [0xE4, 0x0A, 0x62]
    #expect(try read(latin, .latin1).bodies == ["ä", "b"])
    #expect(try read([0x61, 0xFF, 0x62], .utf8, .replace).bodies == ["a\u{FFFD}b"])
    #expect(try read([0x61, 0xFF, 0x62], .utf8, .ignore).bodies == ["ab"])
    #expect(try read([0x61, 0xE4], .ascii, .replace).bodies == ["a\u{FFFD}"])
    let wide: [UInt8] = [0xFF, 0xFE, 0x61, 0, 0x0A, 0, 0x3D, 0xD8, 0, 0xDE]
    #expect(try read(wide, .utf16).bodies == ["a", "😀"])
    #expect(try read([0, 0x61, 0, 0x0A, 0, 0x62], .utf16BigEndian).bodies == ["a", "b"])
    // Overlong, surrogate, cut short: none of them is UTF-8.
    for bad: [UInt8] in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80]] {
      #expect(throws: MillError.self) { try read([0x61] + bad) }
    }
    do { _ = try read(Array("ok\n".utf8) + [0xFF]) } catch {
      #expect("\(error)".contains("position 3") && "\(error)".contains("decodeErrorPolicy"), "\(error)")
    }
  }

  @Test func everySplitOfACharacterBetweenChunksIsRead() throws {
    for shift in 0..<4 {
      let text = String(repeating: "x", count: LineDeserializer.chunkSize - shift) + "😀ä\nend"
      #expect(try lines(text, max: 1 << 20) == text.split(separator: "\n").map(String.init))
    }
  }

  @Test func aFileWithBadBytesIsSetAsideWithWhatCameBefore() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    try Files.writeAtomically(Array("1\n2\n".utf8) + [0xFF, 0x0A], to: "\(bench.spool)/a.bin")
    try bench.put("b.txt", "3\n")
    let agent = try bench.agent(spoolToTopic("a1.sources.r1.batchSize = 1"))
    agent.start()
    #expect(eventually { log.values("pop").sorted() == ["1", "2", "3"] })
    #expect(eventually { agent.status.component("r1")?.counter("FilesSetAsideCount") == 1 })
    agent.stop()
    #expect(try bench.spooled() == ["a.bin", "b.txt.COMPLETED"])
  }

  @Test func blobsAreWholeFilesUpToTheirLimit() throws {
    let log = RecordLogDouble()
    let bench = try Bench(log: log)
    try bench.put("a.json", "{\n1\n}")
    let agent = try bench.agent(
      spoolToTopic(
        "a1.sources.r1.deserializer = \(DeserializerSettings.blobBuilder)\na1.sources.r1.deserializer.maxBlobLength = 6"
      ))
    agent.start()
    #expect(eventually { log.values("pop") == ["{\n1\n}"] })
    try bench.put("b.json", "0123456789")
    #expect(eventually { log.values("pop").count == 3 })
    agent.stop()
    #expect(log.values("pop") == ["{\n1\n}", "012345", "6789"])
  }
}
