import Glibc
import MillBase
import Testing

@testable import MillCollect

@Suite struct KillTests {
  /// kill -9 of a collecting process at random moments: what is visible in the spool is whole, what is half written is
  /// hidden and gone after the next start, and no document is there twice.
  @Test func aKilledCollectorLeavesWholeDocuments() async throws {
    let api = try SampleAPI(listen: Address("127.0.0.1:0"))
    defer { api.stop() }
    let directory = try Files.makeTemporaryDirectory("millcollect-kill")
    defer { try? Files.removeTree(directory) }
    let url = "http://\(api.address)/api/?results=20"
    for _ in 0..<8 {
      await #expect(processExitsWith: .signal(SIGKILL)) { [url = url as String, directory = directory as String] in
        let setup = try Setup(url, in: directory) { $0.interval = .milliseconds(1) }
        setup.collector.start()
        usleep(UInt32.random(in: 20_000...150_000))
        kill(getpid(), SIGKILL)
      }
    }
    let spool = "\(directory)/spool"
    let killed = try Files.list(spool) { !$0.hasPrefix(".") }
    for name in killed { _ = try JSONValue(parsing: Files.read("\(spool)/\(name)"), file: name) }
    let setup = try Setup(url, in: directory)
    let files = try setup.files()
    let users = try setup.documents().flatMap { try uuids(JSONValue(parsing: $0)) }
    #expect(files == killed && files.count > 8)
    #expect(users.count == files.count * 20 && Set(users).count == users.count)
    #expect(Set(users).isSubset(of: api.served().flatMap(\.ids)))
  }
}
