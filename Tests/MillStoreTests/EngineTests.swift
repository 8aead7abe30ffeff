import MillBase
import Testing

@testable import MillStore

@Suite struct EngineTests {
  /// Runs the body with a directory that goes away afterwards.
  private func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = try Files.makeTemporaryDirectory("millrace-engine")
    defer { try? Files.removeTree(directory) }
    try body(directory)
  }

  private func write(_ engine: StoreEngine, _ lines: String, _ database: String = "d") throws -> StoreEngine.WriteResult
  {
    try engine.write(Array(lines.utf8), to: database, precision: .seconds)
  }

  /// The answer as CSV, times in seconds.
  private func ask(_ engine: StoreEngine, _ query: String, _ database: String = "d") throws -> String {
    let results = try QueryExecutor(engine: engine).run(InfluxQLRequest(query, database: database))
    return String(decoding: ResultWriter(epoch: .seconds).csv(results), as: UTF8.self)
  }

  @Test func keepsEverythingWhenOpenedAgain() throws {
    try withDirectory { directory in
      let before = try StoreEngine(directory: directory)
      _ = try write(before, "m,t=a f=1,s=\"x\" 1\nm,t=b f=2,i=3i 2\nn b=true 3")
      _ = try write(before, "m f=1 1", "other db/ü")
      try before.close()
      let after = try StoreEngine(directory: directory)
      #expect(after.databaseNames() == ["d", "other db/ü"])
      #expect(
        try ask(after, "SELECT * FROM m, n") == "name,tags,time,b,f,i,s,t\nm,,1,,1,,x,a\nm,,2,,2,3,,b\nn,,3,true,,,,\n")
      // Types and series are still known.
      #expect(try write(after, "m,t=a f=\"no\" 9").dropped.count == 1)
      #expect(try write(after, "m,t=a f=5 9").written == 1)
      #expect(try after.snapshot().points == 5)
      #expect(try after.snapshot().series == 4)
      try after.close()
    }
  }

  /// A killed process leaves its files as they are at that moment: a copy of them must hold all that was acknowledged.
  @Test func losesNothingWhenKilled() throws {
    try withDirectory { directory in
      let engine = try StoreEngine(directory: "\(directory)/live")
      for round in 0..<20 {
        var lines = ""
        for index in 0..<500 { lines += "m,h=\(index % 7) f=\(round * 500 + index) \(round * 500 + index)\n" }
        #expect(try write(engine, lines).written == 500)
        let copy = "\(directory)/copy\(round)"
        try Files.makeDirectory(copy)
        // The index of the log (-shm) is memory: it is made anew from the log.
        for file in try Files.list("\(directory)/live") where file != "LOCK" && !file.hasSuffix("-shm") {
          try Files.writeAtomically(Files.read("\(directory)/live/\(file)"), to: "\(copy)/\(file)")
        }
        let revived = try StoreEngine(directory: copy)
        #expect(try ask(revived, "SELECT count(f) FROM m") == "name,tags,time,count\nm,,0,\((round + 1) * 500)\n")
        #expect(try revived.snapshot().points == Int64((round + 1) * 500))
        try revived.close()
      }
      try engine.close()
    }
  }

  @Test func belongsToOneProcess() throws {
    try withDirectory { directory in
      let engine = try StoreEngine(directory: directory)
      let error = #expect(throws: MillError.self) { try StoreEngine(directory: directory) }
      #expect(error?.code == .configuration)
      try engine.close()
    }
  }

  @Test func unitesFields() throws {
    try withDirectory { directory in
      let engine = try StoreEngine(directory: directory)
      _ = try write(engine, "m,t=a a=1,b=\"long text\",c=3i 1\nm,t=a b=\"x\",d=true 1\nm,t=a a=2 1")
      #expect(try ask(engine, "SELECT a, b, c, d FROM m") == "name,tags,time,a,b,c,d\nm,,1,2,x,3,true\n")
      #expect(try engine.snapshot().points == 1)
      try engine.close()
    }
  }

  @Test func deletes() throws {
    try withDirectory { directory in
      let engine = try StoreEngine(directory: directory)
      _ = try write(engine, "m,t=a f=1 1\nm,t=a f=2 2\nm,t=b f=3 3\nn f=4 4")
      _ = try ask(engine, "DELETE FROM m WHERE t = 'a' AND time < 2s")
      #expect(try ask(engine, "SELECT f FROM m") == "name,tags,time,f\nm,,2,2\nm,,3,3\n")
      _ = try ask(engine, "DROP SERIES FROM m WHERE t = 'b'")
      #expect(try ask(engine, "SHOW SERIES") == "name,tags,key\n,,\"m,t=a\"\n,,n\n")
      _ = try ask(engine, "DROP MEASUREMENT m")
      #expect(try ask(engine, "SHOW MEASUREMENTS") == "name,tags,name\nmeasurements,,n\n")
      // The field's type is forgotten with the measurement.
      #expect(try write(engine, "m f=\"text\" 1").written == 1)
      #expect(try engine.snapshot().points == 2)
      _ = try ask(engine, "DROP DATABASE d")
      #expect(engine.databaseNames() == [])
      #expect(try Files.list(directory) == ["LOCK"])
      try engine.close()
    }
  }

  @Test func forgetsWhatIsBeyondRetention() throws {
    try withDirectory { directory in
      let engine = try StoreEngine(directory: directory)
      let now = Clock.nowMilliseconds() / 1000
      _ = try write(engine, "m f=1 \(now - 7200)\nm f=2 \(now)")
      try engine.createDatabase("d", retention: .seconds(3600))
      #expect(try write(engine, "m f=3 \(now - 7200)").dropped.map(\.reason) == ["points beyond retention policy"])
      try engine.enforceRetention()
      #expect(try ask(engine, "SELECT f FROM m") == "name,tags,time,f\nm,,\(now),2\n")
      #expect(try ask(engine, "SHOW RETENTION POLICIES").contains("autogen,1h0m0s,1h0m0s,1,true"))
      #expect(try engine.snapshot().points == 1)
      try engine.close()
    }
  }

  @Test func databasesHaveLimits() throws {
    try withDirectory { directory in
      var options = StoreEngine.Options()
      options.databasesMax = 2
      let engine = try StoreEngine(directory: directory, options: options)
      try engine.createDatabase(String(repeating: "é", count: StoreEngine.Options.databaseNameMax / 2))
      #expect(throws: MillError.self) {
        try engine.createDatabase(String(repeating: "d", count: StoreEngine.Options.databaseNameMax + 1))
      }
      #expect(throws: MillError.self) { try engine.createDatabase("") }
      try engine.createDatabase("second")
      try engine.createDatabase("second")
      #expect(throws: MillError.self) { try engine.createDatabase("third") }
      try engine.close()
    }
  }

  /// Queries see whole requests only, and go on while writing goes on.
  @Test func readsWhileWriting() throws {
    try withDirectory { directory in
      let engine = try StoreEngine(directory: directory)
      _ = try write(engine, "m f=0 0")
      let writer = Worker("writer") { stop in
        var round = 1
        while !stop.isSet {
          let lines = (0..<100).map { "m,h=\($0 % 10) f=1 \(round * 100 + $0)\n" }.joined()
          guard (try? engine.write(Array(lines.utf8), to: "d", precision: .seconds))?.written == 100 else { return }
          round += 1
        }
      }
      for _ in 0..<50 {
        let answer = try ask(engine, "SELECT count(f) FROM m WHERE h = '3'; SELECT count(f) FROM m WHERE h = '3'")
        let counts = answer.split(separator: "\n").filter { $0.hasPrefix("m,") }.map {
          Int($0.split(separator: ",").last!)!
        }
        #expect(counts.allSatisfy { $0 % 10 == 0 })
        #expect(counts == counts.sorted())
      }
      #expect(!writer.isFinished)
      writer.stop()
      writer.join()
      try engine.close()
    }
  }

  @Test func findsDamage() throws {
    try withDirectory { directory in
      try Files.writeAtomically(String(repeating: "not a database ", count: 1000), to: "\(directory)/d.points")
      let error = #expect(throws: MillError.self) { try StoreEngine(directory: directory) }
      #expect(error?.code == .corrupt)
      #expect(error?.place?.file == "\(directory)/d.points")
    }
  }

  @Test func guardsAgainstTooManyWindows() throws {
    try withDirectory { directory in
      let engine = try StoreEngine(directory: directory)
      _ = try write(engine, "m f=1 1")
      #expect(try ask(engine, "SELECT mean(f) FROM m GROUP BY time(1s)").contains("max-select-buckets limit exceeded"))
      try engine.close()
    }
  }
}
