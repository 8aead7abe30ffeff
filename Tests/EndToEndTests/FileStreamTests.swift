import MillBase
import Testing

extension EndToEnd {
  /// A directory's files into the store, by a process that is killed at any moment.
  @Suite struct FileStreamTests {
    /// A pipeline over a directory `in`, with a broken line in every file of it.
    private final class Chain {
      let directory: String
      let store: UInt16
      let process: () throws -> Executable

      init() throws {
        let directory = try Files.makeTemporaryDirectory("millrace-filestream")
        self.directory = directory
        store = try Places.freePort()
        try Files.makeDirectory(directory + "/in")
        try Files.writeAtomically(
          """
          data: var
          log: { listen: "127.0.0.1:\(try Places.freePort())" }
          store: { listen: "127.0.0.1:\(store)", database: files }
          queries:
            numbers: { file: q.sql, measurement: numbers, tags: [file], fields: [n], time: time }
          """, to: directory + "/pipeline.yaml")
        try Files.writeAtomically(
          """
          CREATE TEMPORARY VIEW names USING text OPTIONS (path '\(directory)/names.txt');
          CREATE TEMPORARY VIEW lines (file STRING, n INT) USING json OPTIONS (
            path '\(directory)/in/*.json', maxFilesPerTrigger 1, cleanSource 'archive',
            sourceArchiveDir '\(directory)/read');
          SELECT l.file, l.n, timestamp_seconds(l.n) AS time FROM STREAM lines AS l JOIN names ON l.file = names.value
          """, to: directory + "/q.sql")
        try Files.writeAtomically((0..<Self.files).map { "f\($0)\n" }.joined(), to: directory + "/names.txt")
        process = { try Executable(Places.millrace, ["run", directory]) }
      }

      deinit { try? Files.removeTree(directory) }

      static let files = 40
      static let rows = 25

      func put(_ number: Int) throws {
        let lines = (0..<Self.rows).map { "{\"file\":\"f\(number)\",\"n\":\($0)}\n" }.joined()
        try Files.writeAtomically(lines + "{\"file\":\n", to: "\(directory)/.next")
        try Files.rename("\(directory)/.next", to: "\(directory)/in/\(number).json")
      }

      var pointCount: Int? {
        let address = "http://127.0.0.1:\(store)/query?db=files&q=SELECT%20count(n)%20FROM%20numbers"
        guard let (output, _) = try? Executable.run("curl", ["-sf", address]) else { return nil }
        let series = (try? JSONValue(parsing: output))?["results"]?[0]?["series"]?[0]
        return (series?["values"]?[0]?[1]?.integer).map { Int($0) }
      }
    }

    @Test func everyFileIsReadOnceThoughTheProcessIsKilled() throws {
      let chain = try Chain()
      let (checked, status) = try Executable.run(Places.millrace, ["check", chain.directory])
      try #require(status == 0, "\(checked)")
      for number in 0..<Chain.files / 2 { try chain.put(number) }
      let checkpoint = "\(chain.directory)/var/checkpoints/numbers"
      func commits() -> Int { (try? Files.list("\(checkpoint)/commits").count) ?? 0 }
      for round in 0..<4 {
        let process = try chain.process()
        defer { process.kill() }
        let before = commits()
        // Whatever it is at when a few micro-batches more are committed.
        let hasMoved: Void? = Places.eventually { commits() >= before + 3 ? () : nil }
        #expect(hasMoved != nil, "\(process.output)")
        for number in 0..<5 { try chain.put(Chain.files / 2 + round * 5 + number) }
      }
      let process = try chain.process()
      defer { process.kill() }
      let wanted = Chain.files * Chain.rows
      let arrived: Void? = Places.eventually { chain.pointCount == wanted ? () : nil }
      #expect(arrived != nil, "\(chain.pointCount ?? -1) of \(wanted) points: \(process.output)")
      let isClean: Void? = Places.eventually { (try? Files.list(chain.directory + "/in")) == [] ? () : nil }
      #expect(isClean != nil)
      #expect(process.interrupt() == 0)

      // What is in the lists, compact ones and those after the last of them: every file once.
      let lists = try Files.list("\(checkpoint)/sources/0")
      let last = lists.compactMap { $0.hasSuffix(".compact") ? Int($0.dropLast(8)) : nil }.max() ?? -1
      let current = lists.filter { $0 == "\(last).compact" || Int($0) ?? -1 > last }
      let lines = try current.flatMap { name in
        try Files.readText("\(checkpoint)/sources/0/\(name)").split(separator: "\n").dropFirst()
      }
      let paths = lines.map { (try? JSONValue(parsing: String($0)))?["path"]?.string ?? "?" }
      let all = (0..<Chain.files).map { "file://\(chain.directory)/in/\($0).json" }
      #expect(paths.sorted() == all.sorted())
      #expect(try Files.list(chain.directory + "/read" + chain.directory + "/in").count == Chain.files)
    }
  }
}
