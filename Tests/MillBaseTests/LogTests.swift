import Synchronization
import Testing

@testable import MillBase

/// One after the other: the log is the process's.
@Suite(.serialized) struct LogTests {
  @Test func aMessageIsOneRedactedLine() throws {
    Secrets.register("hunter22")
    let directory = try Files.makeTemporaryDirectory("log")
    defer { try? Files.removeTree(directory) }
    let file = try File("\(directory)/log", .readWrite)
    Log.setDescriptor(file.descriptor)
    defer { Log.setDescriptor(2) }
    Log.warning("log-test", "first\nsecond \u{1B}[0m hunter22")
    Log.debug("log-test", "not written")
    let lines = try Files.readText("\(directory)/log").split(separator: "\n").filter { $0.contains("log-test") }
    #expect(lines.count == 1)
    #expect(lines[0].hasSuffix(#"Z WARN log-test: first\nsecond \x1b[0m ***"#), "\(lines)")
  }
}
