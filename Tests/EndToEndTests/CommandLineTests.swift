import MillBase
import Testing

extension EndToEnd {
  @Suite struct CommandLineTests {
    @Test(arguments: [
      (["help"], 0, "Start with:"),
      ([], 64, "usage: millrace COMMAND"),
      (["version"], 0, "millrace "),
      (["chek"], 64, "did you mean 'check'?"),
      (["check"], 78, "DIR, the pipeline's directory is missing"),
      (["check", "--al", "x"], 78, "'millrace check' has no flag '--al'"),
      (["check", "/nonexistent"], 78, "/nonexistent: there is no such directory"),
      (["help", "check"], 0, "usage: millrace check DIR"),
    ])
    func commands(_ words: [String], _ status: Int32, _ text: String) throws {
      let result = try Executable.run(Places.millrace, words)
      #expect(result.status == status)
      #expect(result.output.contains(text), "\(result.output)")
    }

    @Test func theExampleHasNoErrors() throws {
      let result = try Executable.run(Places.millrace, ["check", "\(Places.root)/examples/population"])
      #expect(result.status == 0, "\(result.output)")
    }
  }
}
