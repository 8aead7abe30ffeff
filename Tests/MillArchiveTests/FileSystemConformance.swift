import Glibc
import MillBase
import Testing

@testable import MillArchive

/// What every file system of the archive has to do; run on each of them.
struct FileSystemConformance {
  let system: any FileSystem
  /// A directory that does not exist yet.
  let root: String

  func run() throws {
    try writing()
    try renaming()
    try listing()
    try strangeNames()
    try archiveFile()
  }

  private func write(_ path: String, _ text: String) throws {
    let writer = try system.create(path)
    writer.write(Array(text.utf8))
    try writer.close()
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try system.read(path, from: 0, count: 1 << 20), as: UTF8.self)
  }

  private func writing() throws {
    let path = "\(root)/writing/a/file"
    let writer = try system.create(path)
    writer.write(Array("one ".utf8))
    try writer.flush()
    #expect(try text(path) == "one ")
    for part in ["two ", "three"] {
      writer.write(Array(part.utf8))
      try writer.flush()
    }
    try writer.close()
    try writer.close()
    #expect(writer.buffered == 0)
    #expect(try text(path) == "one two three")
    #expect(try system.status(path)?.size == 13)
    #expect(try String(decoding: system.read(path, from: 4, count: 3), as: UTF8.self) == "two")
    #expect(try system.read(path, from: 13, count: 5) == [])
    #expect(try system.read(path, from: 99, count: 5) == [])
    try write(path, "new")
    #expect(try text(path) == "new")
    try write("\(root)/writing/empty", "")
    #expect(try system.status("\(root)/writing/empty")?.size == 0)
    #expect(throws: MillError.self) { try system.read("\(root)/writing/none", from: 0, count: 1) }
    let large = String(repeating: "0123456789abcdef", count: 200_000)
    try write("\(root)/writing/large", large)
    #expect(try system.status("\(root)/writing/large")?.size == 3_200_000)
    #expect(
      try String(decoding: system.read("\(root)/writing/large", from: 3_199_990, count: 10), as: UTF8.self)
        == "6789abcdef")
  }

  private func renaming() throws {
    let base = "\(root)/renaming"
    try write("\(base)/a.tmp", "a")
    try system.rename("\(base)/a.tmp", to: "\(base)/a")
    #expect(try text("\(base)/a") == "a")
    #expect(try system.status("\(base)/a.tmp") == nil)
    // Repeated after an answer that was lost.
    try system.rename("\(base)/a.tmp", to: "\(base)/a")
    try write("\(base)/b", "b")
    expect(.refused) { try system.rename("\(base)/b", to: "\(base)/a") }
    #expect(try text("\(base)/a") == "a")
    expect(.notFound) { try system.rename("\(base)/none", to: "\(base)/nowhere") }
    #expect(try system.delete("\(base)/b"))
    #expect(try system.delete("\(base)/b") == false)
  }

  private func expect(_ code: MillError.Code, _ body: () throws -> Void) {
    do {
      try body()
      Issue.record("no error on \(system)")
    } catch { #expect((error as? MillError)?.code == code, "\(error)") }
  }

  private func listing() throws {
    let base = "\(root)/listing"
    #expect(try system.list(base) == [])
    #expect(try system.status(base) == nil)
    try system.makeDirectories("\(base)/sub/sub")
    try system.makeDirectories("\(base)/sub/sub")
    for name in ["b", "a", "ä"] { try write("\(base)/\(name)", name) }
    let found = try system.list(base)
    #expect(found.map(\.name) == ["a", "b", "sub", "ä"])
    #expect(found.map(\.isDirectory) == [false, false, true, false])
    #expect(abs(found[0].modified - Clock.nowMilliseconds()) < 3_600_000)
    #expect(try system.status("\(base)/sub")?.isDirectory == true)
  }

  private func strangeNames() throws {
    for name in ["a b", "a+b", "a%20b", "ü&=?#", "x,y;z'"] {
      let path = "\(root)/strange/\(name)"
      try write(path, name)
      #expect(try text(path) == name)
      #expect(try system.list("\(root)/strange").map(\.name).contains(name), "\(name)")
      try system.rename(path, to: path + ".done")
      #expect(try system.delete(path + ".done"))
    }
  }

  private func archiveFile() throws {
    let file = try ArchiveFile("\(root)/file/x.tmp", format: TextFormat(), in: system)
    for number in 0..<3 {
      file.append(ArchiveEvent(timestamp: 0, body: Array("\(number)".utf8)))
      try file.flush()
    }
    #expect(file.events == 3 && file.bytes == 3)
    try file.complete(as: "\(root)/file/x")
    #expect(try text("\(root)/file/x") == "0\n1\n2\n")
    #expect(try system.list("\(root)/file").map(\.name) == ["x"])
  }
}

@Suite struct FileSystemTests {
  @Test func local() throws {
    let root = try Files.makeTemporaryDirectory("millrace-archive")
    defer { try? Files.removeTree(root) }
    try FileSystemConformance(system: LocalFileSystem(), root: root).run()
  }

  /// The address of a real HDFS, as scripts/hdfs/up.sh prints it.
  static let webHDFS = getenv("MILLRACE_WEBHDFS").map { String(cString: $0) }

  @Test(.enabled(if: webHDFS != nil, "skipped: MILLRACE_WEBHDFS names no HDFS (scripts/hdfs/up.sh)"))
  func realHDFS() throws {
    let system = try WebHDFS(nameNodes: [Self.webHDFS!], user: "hdfs")
    try FileSystemConformance(system: system, root: "/conformance/\(Clock.nowNanoseconds())").run()
    // The first address is of nobody: the second one is asked.
    let second = try WebHDFS(nameNodes: ["http://127.0.0.1:1", Self.webHDFS!], user: "hdfs")
    try FileSystemConformance(system: second, root: "/conformance/\(Clock.nowNanoseconds())").run()
    // Another user may not write into a directory of the superuser's.
    let stranger = try WebHDFS(nameNodes: [Self.webHDFS!], user: "nobody")
    do {
      try stranger.makeDirectories("/conformance/stranger")
      Issue.record("nobody was let in")
    } catch { #expect("\(error)".contains("AccessControlException") && "\(error)".contains("user.name"), "\(error)") }
  }

  @Test func pathsByScheme() throws {
    let plain = try FileSystems(root: "/data/archive")
    let hdfs = try FileSystems(root: "/data/archive", webHDFS: ["http://nn:9870"])
    #expect(try plain.resolve("/case_pop").path == "/data/archive/case_pop")
    #expect(try plain.resolve("case//./pop/").path == "/data/archive/case/pop")
    #expect(try plain.resolve("file:///x/y").path == "/x/y")
    #expect(try hdfs.resolve("/case_pop").path == "/case_pop")
    #expect(try hdfs.resolve("hdfs://nn:8020/a/b").path == "/a/b")
    #expect(try "\(plain.resolve("webhdfs://h:9870/a").0)" == "WebHDFS at http://h:9870")
    for bad in ["hdfs://nn/a", "s3a://b/c", "/a/../b"] {
      #expect(throws: MillError.self, "\(bad)") { try plain.resolve(bad) }
    }
    #expect(throws: MillError.self) { try FileSystems(root: "/", webHDFS: ["nn:9870"]) }
  }
}
