import Glibc
import MillBase
import Synchronization
import Testing

@testable import MillCollect

@Suite struct SpoolTests {
  @Test func namesNeverCollide() throws {
    try withDirectory { directory in
      let names = Monitor<[String]>([])
      // Each as another process would be: all count from 0.
      let workers = (0..<8).map { index in
        Worker("spool-\(index)") { _ in
          do {
            var spool = try Spool(directory: directory, filesMax: 10_000, bytesMax: 1 << 20)
            for turn in 0..<25 {
              let name = try spool.write(Array("\(index)-\(turn)".utf8))
              names.withLock { $0.append(name) }
            }
          } catch { Issue.record(error) }
        }
      }
      for worker in workers { worker.join() }
      let files = try Files.list(directory)
      #expect(Set(names.withLock { $0 }).count == 200 && files.count == 200)
      let documents = try files.map { try Files.readText("\(directory)/\($0)") }
      #expect(Set(documents).count == 200)
    }
  }

  /// An agent has completed the file, then the clock goes back to the same millisecond.
  @Test func completedNamesAreUsedUp() throws {
    try withDirectory { directory in
      func write() throws -> String {
        var spool = try Spool(directory: directory, filesMax: 10, bytesMax: 1000) { 1_700_000_000_123 }
        return try spool.write([1])
      }
      let first = try write()
      try Files.rename("\(directory)/\(first)", to: "\(directory)/\(first).COMPLETED")
      let second = try write()
      #expect(first == "response_20231114_221320_123_000000.json")
      #expect(second == "response_20231114_221320_123_000001.json")
    }
  }

  @Test func leftoversOfDeadRunsAreRemoved() throws {
    try withDirectory { directory in
      let dead = ".response_20240101_000000_000_000000.json.999999999.7.tmp"
      for name in [dead, ".flumespool-main.meta", "a.tmp"] {
        _ = try Files.createAtomically([1], at: "\(directory)/\(name)")
      }
      var spool = try Spool(directory: directory, filesMax: 10, bytesMax: 1000, completedSuffix: ".tmp")
      let left = try Files.list(directory)
      #expect(left == [".flumespool-main.meta", "a.tmp"])
      let full = try spool.fullBecause(adding: 1001)
      #expect(full != nil && spool.files == 0)
    }
  }

  /// One after the other: the log has one observer.
  @Test(.serialized, arguments: [(3, 1000), (1000, 30)])
  func fullSpoolPausesAndResumes(filesMax: Int, bytesMax: Int) throws {
    try withDirectory { directory in
      let lines = Mutex<[String]>([])
      let api = try APIDouble { _, _ in .text("[\"12345\"]") }
      let setup = try Setup(api.url, in: directory) { configuration in
        configuration.name = "full-\(filesMax)"
        configuration.spoolFilesMax = filesMax
        configuration.spoolBytesMax = bytesMax
        configuration.documentBytesMax = 20
      }
      Log.observe { _, _, line in if line.contains("full-\(filesMax)") { lines.withLock { $0.append(line) } } }
      setup.collector.start()
      defer {
        setup.collector.stop()
        Log.observe(nil)
      }
      let paused = eventually { setup.status.pausedBecause != nil }
      #expect(paused && setup.status.written == 3 && setup.status.spoolFiles == 3 && setup.status.spoolBytes == 27)
      #expect(setup.status.pausedBecause?.contains(filesMax == 3 ? "spoolFilesMax 3" : "spoolBytesMax 30") == true)
      #expect(setup.metrics.sum("millrace_collect_paused") == 1)
      let asked = api.requests
      usleep(1_200_000)
      #expect(api.requests == asked && setup.status.written == 3)
      // An agent completes one.
      let name = try setup.files()[0]
      try Files.rename("\(setup.spool)/\(name)", to: "\(setup.spool)/\(name).COMPLETED")
      let resumed = eventually { setup.status.written == 4 }
      #expect(resumed)
      let pausedAgain = eventually { setup.status.pausedBecause != nil }
      #expect(pausedAgain && setup.status.failed == 0)
      let pauses = lines.withLock { lines in lines.filter { $0.contains("pauses") }.count }
      #expect((1...2).contains(pauses), "one line for each pause")
    }
  }

  @Test func fullDiskIsWaitedOut() throws {
    try withDirectory { directory in
      let spool = "\(directory)/spool"
      try Files.makeDirectory(spool)
      guard system("mount -t tmpfs -o size=64k tmpfs \(spool) 2>/dev/null") == 0 else {
        print("skipped: a small tmpfs can't be mounted here")
        return
      }
      defer { system("umount -l \(spool)") }
      let api = try APIDouble { _, _ in .text("\"\(String(repeating: "x", count: 30_000))\"") }
      let setup = try Setup(api.url, in: directory)
      setup.collector.start()
      defer { setup.collector.stop() }
      let paused = eventually { setup.status.pausedBecause?.contains("No space left") == true }
      #expect(paused && setup.errors("spool") > 0, "\(setup.status)")
      let full = try setup.documents()
      #expect(full.allSatisfy { $0.utf8.count == 30_002 } && full.count == setup.status.written)
      for name in try setup.files() { try Files.remove("\(spool)/\(name)") }
      let written = setup.status.written
      let resumed = eventually { setup.status.written > written }
      #expect(resumed)
      let after = try setup.documents()
      #expect(after.allSatisfy { $0.utf8.count == 30_002 })
    }
  }

  @Test func removedDirectoryIsMadeAnew() throws {
    try withDirectory { directory in
      let api = try APIDouble { _, _ in .json([]) }
      let setup = try Setup(api.url, in: directory)
      setup.collector.start()
      defer { setup.collector.stop() }
      let before = eventually { setup.status.written > 0 }
      rename(setup.spool, "\(directory)/elsewhere")
      let failed = eventually { setup.errors("spool") > 0 }
      let written = setup.status.written
      let after = eventually { setup.status.written > written }
      #expect(before && failed && after)
    }
  }
}
