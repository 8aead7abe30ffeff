import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// Calls of malloc for a batch of 1 MiB of documents (about 5,000 rows) against the numbers in
  /// Scripts/allocation_budgets.tsv, which UPDATE_GOLDEN=1 writes.
  ///
  /// The release build's numbers are the ones that count; it is looked at when it is newer than the sources. The debug
  /// build allocates for many a row what the optimizer takes away; its budgets see only what is added.
  @Suite(.enabled(if: Executable.find("clang") != nil, "skipped: no clang to build the counter with"))
  struct AllocationBudgetTests {
    static let budgets = "\(Places.root)/Tests/EndToEndTests/Scripts/allocation_budgets.tsv"
    static let release = "\(Places.root)/.build/release/millrace"
    static let small = 1
    static let large = 5

    @Test(arguments: ["seed", "group", "dedup"])
    func aBatchKeepsItsBudget(_ job: String) throws {
      try check(job, "debug", "\(Places.root)/.build/debug/millrace")
    }

    @Test(
      .enabled(if: isReleaseNew, "skipped: no release build newer than the sources ('make build' makes it)"),
      arguments: ["seed", "group", "dedup"])
    func aBatchKeepsItsBudgetInTheReleaseBuild(_ job: String) throws { try check(job, "release", Self.release) }

    /// Is there a release build that has all of the sources?
    static var isReleaseNew: Bool {
      func time(_ path: String) -> Date? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
      }
      guard let built = time(release),
        let files = FileManager.default.enumerator(atPath: "\(Places.root)/Sources")
      else { return false }
      for case let file as String in files where file.hasSuffix(".swift") {
        if time("\(Places.root)/Sources/\(file)") ?? .distantFuture > built { return false }
      }
      return true
    }

    private func check(_ job: String, _ build: String, _ program: String) throws {
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent("allocations-\(UUID())").path
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: directory) }
      let counter = "\(directory)/counter.so"
      let source = "\(Places.root)/Tests/EndToEndTests/Scripts/allocation_counter.c"
      let compiled = try Executable.run("clang", ["-shared", "-fPIC", "-O1", "-o", counter, source])
      #expect(compiled.status == 0, "\(compiled.output)")

      func calls(batches: Int) throws -> Int {
        let (input, count) = ("\(directory)/\(batches).ndjson", "\(directory)/count")
        try Documents.write(input, bytes: batches << 20)
        let result = try Executable.run(
          program,
          [
            "query", "\(Places.root)/Benchmarks/\(job).sql", "--input", input, "--output", "\(directory)/lines",
            "--format", "influxdb", "--measurement", "m", "--server-time", "--lanes", "1",
          ], environment: ["LD_PRELOAD": counter, "ALLOCATION_COUNT": count, "SWIFT_DETERMINISTIC_HASHING": "1"])
        #expect(result.status == 0, "\(result.output)")
        let text = try String(contentsOfFile: count, encoding: .utf8)
        return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
      }

      // What the start and the end of the process take is in both.
      let perBatch = try (calls(batches: Self.large) - calls(batches: Self.small)) / (Self.large - Self.small)
      var table = try Budgets()
      if Executable.environment["UPDATE_GOLDEN"] != nil { return try table.set(job, build, perBatch * 102 / 100 + 2) }
      let budget = try #require(table[job, build], "no \(build) budget for \(job) in \(Self.budgets)")
      #expect(perBatch <= budget, "\(job), \(build): \(perBatch) allocations a batch, the budget is \(budget)")
      #expect(
        perBatch >= budget * 8 / 10,
        "\(job), \(build): \(perBatch) allocations a batch, well below the budget of \(budget): lower it (UPDATE_GOLDEN=1)"
      )
    }
  }

  /// Documents of the population API, always the same.
  private enum Documents {
    static func write(_ path: String, bytes: Int) throws {
      var text = ""
      var seed: UInt64 = 7
      func next(_ limit: UInt64) -> UInt64 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (seed >> 33) % limit
      }
      let words = #""dataset_name": "ACS 5-year Estimate", "topic": "Diversity""#
      let source = #"[{"measures": ["Population"], "annotations": {\#(words)}, "name": "acs5", "substitutions": []}]"#
      while text.utf8.count < bytes {
        let nation = next(200)
        let rows = (2013...2022).reversed().map { year in
          #"{"ID Nation": "\#(nation)US", "Nation": "Nation \#(nation)", "ID Year": \#(year), "Year": "\#(year)", "#
            + #""Population": \#(100_000 + next(1_000_000)), "Slug Nation": "nation-\#(nation)"}"#
        }
        text += #"{"data": [\#(rows.joined(separator: ", "))], "source": \#(source)}"# + "\n"
      }
      try text.write(toFile: path, atomically: false, encoding: .utf8)
    }
  }

  /// Lines `job TAB build TAB allocations a batch`, below comments.
  private struct Budgets {
    private var lines: [String]

    init() throws {
      let text = try String(contentsOfFile: AllocationBudgetTests.budgets, encoding: .utf8)
      lines = text.split(separator: "\n").map(String.init)
    }

    subscript(job: String, build: String) -> Int? {
      lines.first { $0.hasPrefix("\(job)\t\(build)\t") }.flatMap { Int($0.split(separator: "\t")[2]) }
    }

    mutating func set(_ job: String, _ build: String, _ count: Int) throws {
      lines.removeAll { $0.hasPrefix("\(job)\t\(build)\t") }
      lines.append("\(job)\t\(build)\t\(count)")
      try (lines.joined(separator: "\n") + "\n").write(
        toFile: AllocationBudgetTests.budgets, atomically: true, encoding: .utf8)
    }
  }
}
