import Testing

@testable import MillBase

/// What libFuzzer begins with and what it has found (Fuzz/Findings), through the same code as there: nothing may be
/// wrong with any of it.
@Suite struct FuzzFindingsTests {
  private static let folder =
    #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Fuzz/Findings"

  @Test(arguments: FuzzTargets.names) func seedsPass(name: String) throws {
    let target = try FuzzTargets.make(name)
    let seeds = try FuzzTargets.seeds(of: name)
    #expect(seeds.count >= 10)
    for (number, seed) in seeds.enumerated() {
      #expect(throws: Never.self, "seed \(number)") { try run(target, seed) }
    }
  }

  @Test(arguments: FuzzTargets.names) func whatWasFoundIsMended(name: String) throws {
    let target = try FuzzTargets.make(name)
    let folder = "\(Self.folder)/\(name)"
    for file in Files.exists(folder) ? try Files.list(folder).sorted() : [] {
      let input = try Files.read("\(folder)/\(file)")
      #expect(throws: Never.self, "\(name)/\(file)") { try run(target, input) }
    }
  }

  private func run(_ target: any FuzzTarget, _ input: [UInt8]) throws {
    try Secrets.$isRegistering.withValue(false) { try target.run(input) }
  }
}
