import MillBase
import Testing

@testable import MillQuery

/// Which files of a stream a micro-batch takes, what is remembered of them, and what becomes of them.
@Suite struct FileStreamLimitsTests {
  private typealias Bench = FileStreamBench

  @Test(arguments: [
    ("", ["old b1 b2 a d"]), (", maxFilesPerTrigger '2'", ["old b1 b2", "a d"]),
    (", maxBytesPerTrigger '7'", ["old", "b1 b2", "a d"]), (", maxBytesPerTrigger '1'", ["old", "b1 b2", "a", "d"]),
    (", latestFirst 'true', maxFilesPerTrigger 1", ["d", "a", "b1 b2", "old"]),
    (", latestFirst 'true'", ["d a b1 b2 old"]),
  ])
  func limitsAndOrder(_ options: String, _ wanted: [String]) throws {
    let bench = try Bench()
    try bench.put("old.txt", "old\n", age: 30 * 86_400)
    try bench.put("b.txt", "b1\nb2\n", age: 300)
    try bench.put("a.txt", "a\n", age: 200)
    try bench.put("d.txt", "d\n", age: 100)
    #expect(try bench.run(options) == wanted)
  }

  @Test func onceTakesAllAtOneGo() throws {
    let bench = try Bench()
    for name in ["a", "b", "c"] { try bench.put(name, name, age: 10) }
    #expect(try bench.run(", maxFilesPerTrigger '1'", trigger: .once) == ["a b c"])
  }

  @Test func filesThatAreTooOldAreLeftOut() throws {
    let bench = try Bench()
    try bench.put("a", "a", age: 1000)
    #expect(try bench.run(", maxFileAge '1h'") == ["a"])
    try bench.put("old", "old", age: 5000)
    try bench.put("mid", "mid", age: 4000)
    #expect(try bench.run(", maxFileAge '1h'") == ["mid"])
  }

  @Test func theNameAloneMayTell() throws {
    let bench = try Bench()
    try bench.put("one/x", "1", age: 20)
    #expect(try bench.run(", fileNameOnly 'true'") == ["1"])
    try bench.put("two/x", "2", age: 10)
    try bench.put("two/y", "3", age: 10)
    #expect(try bench.run(", fileNameOnly 'true'") == ["3"])
  }

  @Test func everyTenthListHasAllBefore() throws {
    let bench = try Bench()
    for number in 0..<25 { try bench.put("f\(number)", "\(number)", age: 1000 - number) }
    #expect(try bench.run(", maxFilesPerTrigger '1'") == (0..<25).map(String.init))
    let kept = try Files.list(bench.checkpoint + "/sources/0").sorted { ($0.count, $0) < ($1.count, $1) }
    let numbers = (10...18).map { "\($0)" } + (20...24).map { "\($0)" }
    #expect(kept == numbers + ["9.compact", "19.compact"])
    #expect(try bench.file("sources/0/19.compact").split(separator: "\n").count == 21)
    #expect(try bench.run() == [])
    // A micro-batch whose own list is gone finds it in the compact one.
    let log = try FileStreamLog(bench.checkpoint + "/sources/0")
    #expect(try log.entries(3...4).map { $0.path.suffix(3) } == ["/f3", "/f4"])
    #expect(try log.entries(18...20).map(\.batchId) == [18, 19, 20])
    // One that is written again, after a try that failed behind it, holds nothing twice.
    let whole = try bench.file("sources/0/19.compact")
    try log.add(log.entries(19...19), number: 19)
    #expect(try bench.file("sources/0/19.compact") == whole)
    try Files.writeAtomically("v1\n{\"path\"", to: bench.checkpoint + "/sources/0/19.compact")
    let text = bench.message { try bench.run() }
    #expect(text.contains("/sources/0/19.compact") && text.contains("can't be read"))
    try Files.removeTree(bench.checkpoint + "/sources")
    let lost = bench.message { try bench.run() }
    #expect(lost.contains("a micro-batch has read list 24 of files, and the newest here is -1"))
  }

  /// A query that dies between any two steps of a micro-batch reads no file twice and leaves none out.
  @Test func everyStepMayBeTheLast() throws {
    let wanted = ["a b", "c d", "e"]
    for step in MicroBatchStep.allCases where step != .partitionWritten {
      for batch in 0..<3 as Range<Int64> {
        let bench = try Bench()
        for (age, name) in ["a", "b", "c", "d", "e"].enumerated() { try bench.put(name, name, age: 100 - age) }
        let sink = MemorySink()
        let options = ", maxFilesPerTrigger '2', cleanSource 'delete'"
        let text = bench.message {
          try bench.run(
            options, sink: sink, onStep: { if $0 == step, $1 == batch { throw MillError(.system, "told to die") } })
        }
        #expect(text.contains("told to die"))
        try bench.run(options, sink: sink)
        #expect(Bench.texts(sink) == wanted, "after \(step) of batch \(batch)")
        #expect(try Files.list(bench.input) == [], "after \(step) of batch \(batch)")
      }
    }
  }

  @Test func readFilesAreArchived() throws {
    let bench = try Bench()
    try bench.put("a", "a", age: 20)
    try bench.put("sub/b", "b", age: 10)
    let archive = bench.directory + "/archive"
    #expect(try bench.run(", cleanSource 'archive', sourceArchiveDir '\(archive)'") == ["a b"])
    #expect(try Files.list(bench.input + "/sub") == [])
    #expect(try Files.readText(archive + bench.input + "/sub/b") == "b")
    #expect(try Files.readText(archive + bench.input + "/a") == "a")
    for wrong in [bench.input, bench.input + "/done", bench.directory] {
      let text = bench.message { try bench.run(", cleanSource 'archive', sourceArchiveDir '\(wrong)'") }
      #expect(text.contains("sourceArchiveDir \(wrong) lies in what the source reads"), "\(text)")
    }
  }

  @Test func aFileThatIsGoneIsNoSilentLoss() throws {
    let bench = try Bench()
    try bench.put("a", "a", age: 20)
    try bench.put("b", "b", age: 10)
    let text = bench.message {
      // Its list is written, and it has not been read.
      try bench.run(onStep: { step, _ in if step == .began { try Files.remove(bench.input + "/a") } })
    }
    #expect(text.contains("a file of the micro-batch is gone before it was read"))
    #expect(text.contains("\(bench.input)/a") && text.contains("ignoreMissingFiles"))
    #expect(try bench.run(", ignoreMissingFiles 'true'") == ["b"])
  }

  @Test(arguments: [
    ("maxFilesPerTrigger 0", "maxFilesPerTrigger wants a whole number above 0, not 0"),
    ("maxBytesPerTrigger 'x'", "maxBytesPerTrigger wants a whole number above 0, not x"),
    (
      "maxFilesPerTrigger 1, maxBytesPerTrigger 1",
      "Options 'maxFilesPerTrigger' and 'maxBytesPerTrigger' can't be both set at the same time"
    ),
    ("maxFileAge 'zz'", "maxFileAge wants a length of time, not zz; write 500ms, 30s, 5m, 2h or 7d"),
    ("latestFirst 'q'", "latestFirst wants true or false, not q"),
    ("fileNameOnly 'q'", "fileNameOnly wants true or false, not q"),
    ("maxCachedFiles '-1'", "maxCachedFiles wants a whole number, not -1"),
    ("discardCachedInputRatio '2'", "discardCachedInputRatio wants a number from 0 to 1, not 2"),
    ("cleanSource 'remove'", "cleanSource wants off, delete or archive, not remove"),
    ("cleanSource 'archive'", "cleanSource archive needs the option sourceArchiveDir"),
    ("maxFilePerTrigger 1", "unknown option maxFilePerTrigger; did you mean maxFilesPerTrigger?"),
    ("pathGlobFilter '[a'", "[ is not closed in the pattern [a; write \\[ for the sign"),
  ])
  func optionErrors(_ options: String, _ wanted: String) throws {
    let bench = try Bench()
    let text = bench.message { try bench.run(", " + options) }
    #expect(text.hasPrefix("q.sql:1:") && text.hasSuffix(wanted), "\(text)")
  }
}
