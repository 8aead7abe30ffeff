import Glibc
import MillBase
import MillDiskSupport
import Testing

@testable import MillLog

/// A real file system that is full: what can't be kept is refused, what was acknowledged stays, work goes on after.
@Suite struct DiskFullTests {
  static let canMount = getuid() == 0

  /// Runs a command to its end; its exit status.
  private func run(_ words: String...) -> Int32 {
    var argv = words.map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var pid = pid_t()
    guard posix_spawnp(&pid, words[0], nil, nil, &argv, environ) == 0 else { return -1 }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
    return status
  }

  @Test(.enabled(if: canMount, "only root can mount a small tmpfs"))
  func nothingAcknowledgedIsLostAndNothingRefusedIsThere() throws {
    let fixture = try Fixture()
    guard run("mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", fixture.directory) == 0 else {
      print("skipped: a full disk: mount is not allowed here")
      return
    }
    defer { _ = run("umount", "-l", fixture.directory) }
    var random = SeededRandom(1)
    var log = try fixture.open()
    try log.createTopic("pop", partitions: 1, configuration: ["segment.bytes": "20000"])
    var kept: [Record] = []
    var committed: Int64 = -1
    var refused = 0
    for number in 0..<400 {
      let record = Fixture.record(number, size: Int.random(in: 10...4000, using: &random))
      do {
        #expect(try log.append([record], to: Fixture.partition, codec: .none) == Int64(kept.count))
        kept.append(record)
      } catch let error as MillError {
        refused += 1
        #expect(error.isRetriable && "\(error)".contains("No space left on device"), "\(error)")
      }
      if number % 20 == 0 {
        do {
          try log.commit(group: "g", [Fixture.partition: Int64(number)])
          committed = Int64(number)
        } catch let error as MillError { #expect(error.isRetriable, "\(error)") }
        do { try log.flush() } catch let error as MillError { #expect(error.isRetriable, "\(error)") }
      }
    }
    #expect(refused > 10)
    #expect(throws: MillError.self) {
      for number in 0..<100 { try log.createTopic("more\(number)", partitions: 1, configuration: [:]) }
    }
    #expect(try Fixture.all(log).map(\.1) == kept)
    // Dies with the disk full, and can be read.
    log = try LocalLog(directory: Files.makeTemporaryDirectory("mill-none"))
    try Files.removeTree(log.directory)
    #expect(run("mount", "-o", "remount,size=20m", fixture.directory) == 0)
    log = try fixture.open()
    #expect(try Fixture.all(log).map(\.1) == kept)
    #expect(try log.committed(group: "g", [Fixture.partition])[Fixture.partition]! >= committed)
    #expect(try log.append([Fixture.record(7)], to: Fixture.partition, codec: .none) == Int64(kept.count))
    try log.checkInvariants()
    try log.close()
    #expect(try LogInspector(directory: fixture.directory).inspect(Fixture.partition).isClean)
  }
}
