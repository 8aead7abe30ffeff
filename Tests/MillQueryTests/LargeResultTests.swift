import MillBase
import MillColumns
import Synchronization
import Testing

@testable import MillQuery

/// Results and inputs that must not lie in memory as a whole.
@Suite struct LargeResultTests {
  /// Runs the SELECT over a view `numbers` of text lines 0 ..< count.
  private func run(
    _ select: String, count: Int = 3000, chunkBytes: Int = 512, stop: Signal = Signal(),
    _ sink: @escaping (ColumnBatch) throws -> Bool
  ) throws {
    let directory = try Files.makeTemporaryDirectory("millquery")
    defer { try? Files.removeTree(directory) }
    let path = "\(directory)/numbers.txt"
    try Files.writeAtomically((0..<count).map { "\($0)\n" }.joined(), to: path)
    let query = try CompiledQuery(
      script: "CREATE TEMPORARY VIEW numbers USING text OPTIONS (path '\(path)'); \(select)")
    // The sink says whether it wants more; what it returned last must be heard.
    var isWanted = true
    try BatchQuery.run(query, lanes: 2, chunkBytes: chunkBytes, stop: stop, encode: { $0 }) { batch in
      #expect(isWanted)
      isWanted = try sink(batch)
      if !isWanted { throw Enough() }
    }
  }

  private struct Enough: Error {}

  @Test func crossJoinsComeInParts() throws {
    var (rows, largest) = (0, 0)
    try run("SELECT a.value, b.value FROM numbers a CROSS JOIN numbers b", count: 1500) { batch in
      rows += batch.count
      largest = max(largest, batch.count)
      return true
    }
    #expect(rows == 1500 * 1500)
    // One row more than fits may have begun.
    #expect(largest <= HashJoin.pairsMax + 1500)
  }

  @Test func crossJoinsEndWhenTheSinkFails() throws {
    var rows = 0
    #expect(throws: Enough.self) {
      try run("SELECT a.value, b.value FROM numbers a CROSS JOIN numbers b", count: 20_000, chunkBytes: 1 << 20) {
        rows += $0.count
        return rows < 100_000
      }
    }
    #expect(rows < 400_000)
  }

  @Test func crossJoinsEndWhenTheyAreStopped() throws {
    let stop = Signal()
    let failure = #expect(throws: MillError.self) {
      try run(
        "SELECT a.value, b.value FROM numbers a CROSS JOIN numbers b", count: 20_000, chunkBytes: 1 << 20, stop: stop
      ) { _ in
        stop.set()
        return true
      }
    }
    #expect(failure?.code == .stopped)
  }

  @Test(arguments: [
    ("LIMIT 5", 0, 5), ("LIMIT 5 OFFSET 7", 7, 5), ("LIMIT 1", 0, 1), ("LIMIT 2990 OFFSET 20", 20, 2980),
    ("LIMIT 10 OFFSET 5000", 3000, 0), ("LIMIT 0", 0, 0), ("LIMIT 9000", 0, 3000),
  ])
  func theFirstRowsOfASortAreThoseOfTheWholeSort(_ limit: String, _ start: Int, _ count: Int) throws {
    // Many equal keys: rows of equal keys keep their order.
    let wanted = (0..<3000).sorted { a, b in (a % 7, b) > (b % 7, a) }.map(String.init)
    var made: [String] = []
    try run("SELECT value FROM numbers ORDER BY CAST(value AS INT) % 7 DESC \(limit)") {
      made += rows($0)
      return true
    }
    #expect(made == Array(wanted.dropFirst(start).prefix(count)))
  }

  @Test func theFirstRowsAreCutWhileTheyCome() throws {
    var made: [String] = []
    try run("SELECT value FROM numbers ORDER BY CAST(value AS INT) DESC LIMIT 3", count: 200_000, chunkBytes: 4096) {
      made += rows($0)
      return true
    }
    #expect(made == ["199999", "199998", "199997"])
  }
}
