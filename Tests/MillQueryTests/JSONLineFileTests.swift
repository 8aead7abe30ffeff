import MillBase
import MillColumns
import Testing

@testable import MillQuery

private func lines(_ text: String, chunkBytes: Int) throws -> [String] {
  let directory = try Files.makeTemporaryDirectory("line-file")
  defer { try? Files.removeTree(directory) }
  try Files.writeAtomically(text, to: "\(directory)/lines")
  let file = try LineFile("\(directory)/lines", chunkBytes: chunkBytes)
  var buffer = BufferBuilder()
  var result: [String] = []
  for chunk in 0..<file.chunkCount {
    try file.read(chunk: chunk, using: &buffer) { bytes in
      guard !bytes.isEmpty else { return }
      var parts = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
      if parts.last == "" { parts.removeLast() }
      result += parts.map(String.init)
    }
  }
  return result
}

@Test(arguments: 1...40)
func everyLineIsInOneChunk(_ chunkBytes: Int) throws {
  let expected = (0..<30).map { String(repeating: "x", count: $0 * 7 % 23) }
  #expect(try lines(expected.joined(separator: "\n") + "\n", chunkBytes: chunkBytes) == expected)
  #expect(try lines(expected.joined(separator: "\n"), chunkBytes: chunkBytes) == expected)
}

@Test func aLineLongerThanManyChunksIsWhole() throws {
  let long = String(repeating: "y", count: 300_000)
  #expect(try lines("a\n\(long)\nb", chunkBytes: 1000) == ["a", long, "b"])
}

@Test func anEmptyFileHasNoLines() throws {
  #expect(try lines("", chunkBytes: 10) == [])
}

@Test func linesAreDocuments() throws {
  let reader = try JSONReader(.struct(Schema([.init("i", .integer)])))
  let text = "{\"i\":1}\r\n\n{\"i\":2\n{\"i\":3}"
  var bytes = Array(text.utf8) + [UInt8](repeating: 0x7B, count: JSONReader.padding)
  let before = bytes
  try bytes.withUnsafeMutableBytes { try reader.append(lines: .init(rebasing: $0.dropLast(JSONReader.padding))) }
  #expect(bytes == before)
  let rows = reader.finish()
  #expect(rows.column.allValues == [.struct([.integer(1)]), .null, .struct([.null]), .struct([.integer(3)])])
  #expect(rows.malformed.map(\.row) == [2])
}
