import Glibc
import Testing

@testable import MillBase

@Suite struct FileTests {
  private func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = try Files.makeTemporaryDirectory("millbase")
    defer { try? Files.removeTree(directory) }
    try body(directory)
  }

  @Test func writesAtomically() throws {
    try withDirectory { directory in
      let path = "\(directory)/a.json"
      try Files.writeAtomically("one", to: path)
      try Files.writeAtomically("two", to: path, permissions: 0o600)
      let text = try Files.readText(path)
      #expect(text == "two")
      #expect(try Files.list(directory) == ["a.json"])
    }
  }

  @Test(arguments: [(0, true), (1, true), (4096, false), (4097, false)])
  func writesBlocksWhole(_ count: Int, _ isDurable: Bool) throws {
    try withDirectory { directory in
      let path = "\(directory)/a"
      for byte: UInt8 in [1, 2] {
        let bytes = [UInt8](repeating: byte, count: count)
        try Files.writeBlock(bytes, to: path, isDurable: isDurable)
        #expect(try Files.read(path) == bytes)
      }
      #expect(try Files.list(directory) == ["a"])
      #expect(try Files.isEmptyBlock(path) == (count == 0))
      try Files.writeAtomically([UInt8](repeating: 0, count: count), to: path)
      #expect(try Files.isEmptyBlock(path) == (count <= 4096))
      #expect(throws: MillError.self) { try Files.writeBlock([1], to: "\(directory)/no/a", isDurable: isDurable) }
    }
  }

  @Test func failedWriteLeavesNothing() throws {
    try withDirectory { directory in
      try Files.makeDirectory("\(directory)/taken/inside")
      let error = #expect(throws: MillError.self) { try Files.writeAtomically("x", to: "\(directory)/taken") }
      #expect(error?.code == .system)
      #expect(try Files.list(directory) == ["taken"])
      let missing = #expect(throws: MillError.self) { try Files.writeAtomically("x", to: "\(directory)/no/where") }
      #expect(missing?.code == .notFound && "\(missing!)".contains("\(directory)/no/"))
    }
  }

  @Test func createsWithoutReplacing() throws {
    try withDirectory { directory in
      let path = "\(directory)/a"
      let results = Monitor<[Bool]>([])
      onThreads(8) { index in
        let result = try? Files.createAtomically([UInt8(index)], at: path)
        if let result { results.withLock { $0.append(result) } }
      }
      #expect(results.withLock { $0.count } == 8)
      #expect(results.withLock { $0.filter { $0 }.count } == 1)
      let (names, bytes) = (try Files.list(directory), try Files.read(path))
      #expect(names == ["a"] && bytes.count == 1)
    }
  }

  @Test func fullDiskLeavesNothingAndIsRetriable() throws {
    try withDirectory { directory in
      let mounted = shell("mount -t tmpfs -o size=64k tmpfs \(directory) 2>&1 && echo mounted")
      guard mounted.hasSuffix("mounted\n") else {
        print("skipped: a small tmpfs can't be mounted: \(mounted)")
        return
      }
      defer { _ = shell("umount \(directory)") }
      let big = [UInt8](repeating: 1, count: 100_000)
      let error = #expect(throws: MillError.self) { try Files.writeAtomically(big, to: "\(directory)/a") }
      #expect(error?.isRetriable == true)
      #expect(try Files.list(directory).isEmpty)
      try Files.writeAtomically("small", to: "\(directory)/a")
    }
  }

  @Test func readsAndWritesAtPositions() throws {
    try withDirectory { directory in
      let file = try File("\(directory)/f", .readWrite)
      try file.write(Array("hello".utf8), at: 3)
      #expect(try file.size() == 8)
      #expect(try file.read(count: 100, at: 3) == Array("hello".utf8))
      #expect(try file.read(count: 2, at: 100).isEmpty)
      try file.truncate(to: 4)
      try file.sync()
      #expect(try file.read(count: 100, at: 0) == [0, 0, 0, UInt8(ascii: "h")])
      #expect(throws: MillError.self) { try File("\(directory)/f", .createNew) }
      #expect(try File("\(directory)/f", .truncate).size() == 0)
      let missing = #expect(throws: MillError.self) { try File("\(directory)/none", .read) }
      #expect(missing?.code == .notFound)
    }
  }

  @Test func readLimitAtAndPastTheLimit() throws {
    try withDirectory { directory in
      try Files.writeAtomically([1, 2, 3], to: "\(directory)/f")
      #expect(try Files.read("\(directory)/f", limit: 3) == [1, 2, 3])
      let error = #expect(throws: MillError.self) { try Files.read("\(directory)/f", limit: 2) }
      #expect(error?.code == .limit)
    }
  }

  @Test func leftoversOfDeadProcessesAreRemoved() throws {
    try withDirectory { directory in
      let own = ".a.json.\(getpid()).7.tmp"
      let others = [
        ".a.tmp", ".a.x.7.tmp", ".a.json.999999999.x.tmp", "a.json.999999999.7.tmp", ".flumespool-main.meta",
      ]
      for name in others + [own, ".a.json.999999999.7.tmp"] {
        _ = try Files.createAtomically([1], at: "\(directory)/\(name)")
      }
      #expect(try Files.removeLeftovers(in: directory) == [".a.json.999999999.7.tmp"])
      #expect(try Set(Files.list(directory)) == Set(others + [own]))
      // As after a restart in a container, where process ids come again.
      var old = [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)]
      utimensat(AT_FDCWD, "\(directory)/\(own)", &old, 0)
      #expect(try Files.removeLeftovers(in: directory) == [own])
      // A process that lives and is another program has the number now.
      let other = ".a.json.\(getppid()).7.tmp"
      _ = try Files.createAtomically([1], at: "\(directory)/\(other)")
      let isOther = shell("readlink /proc/\(getppid())/exe") != shell("readlink /proc/\(getpid())/exe")
      #expect(try Files.removeLeftovers(in: directory) == (isOther ? [other] : []))
    }
  }

  @Test func locks() throws {
    try withDirectory { directory in
      var first: File? = try File("\(directory)/lock", .readWrite)
      let second = try File("\(directory)/lock", .readWrite)
      #expect(try first!.tryLock())
      #expect(try !second.tryLock())
      first = nil
      #expect(try second.tryLock())
    }
  }

  @Test func removeTreeStaysInside() throws {
    try withDirectory { directory in
      try Files.makeDirectory("\(directory)/outside")
      try Files.writeAtomically("keep", to: "\(directory)/outside/f")
      try Files.makeDirectory("\(directory)/tree/a/b")
      symlink("\(directory)/outside", "\(directory)/tree/a/link")
      symlink("/nowhere/at/all", "\(directory)/tree/a/dangling")
      try Files.removeTree("\(directory)/tree")
      #expect(try Files.list(directory) == ["outside"])
      #expect(Files.exists("\(directory)/outside/f"))
      try Files.removeTree("\(directory)/tree")
    }
  }

  @Test(arguments: [["b", "a", "B", "a1", ".c"], ["b", "\u{E9}", "e\u{301}", "z", "\u{10000}", "\u{FFFD}"]])
  func listsSortedByBytes(names: [String]) throws {
    try withDirectory { directory in
      for name in names { try Files.writeAtomically("", to: "\(directory)/\(name)") }
      let sorted = names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
      let (all, some) = (try Files.list(directory), try Files.list(directory) { $0 != "b" })
      #expect(all.map { Array($0.utf8) } == sorted.map { Array($0.utf8) })
      #expect(some.count == names.count - 1)
    }
  }

  @Test func directories() throws {
    try withDirectory { directory in
      try Files.makeDirectory("\(directory)/a/b/c/")
      try Files.makeDirectory("\(directory)/a/b/c")
      try Files.writeAtomically("", to: "\(directory)/f")
      #expect(throws: MillError.self) { try Files.makeDirectory("\(directory)/f") }
      #expect(throws: MillError.self) { try Files.makeDirectory("\(directory)/f/g") }
      #expect(try Files.status("\(directory)/f/g") == nil)
      #expect(try Files.status("\(directory)/a")?.isDirectory == true)
    }
  }

  @Test(arguments: [
    ("a/b/c", "a/b", "c"), ("/a", "/", "a"), ("a", ".", "a"), ("a/b/", "a", "b"), ("/", "/", ""),
  ])
  func splits(path: String, directory: String, name: String) {
    #expect(Files.split(path) == (directory, name))
  }
}
