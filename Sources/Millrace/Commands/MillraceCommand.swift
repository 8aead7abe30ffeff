import Glibc
import MillBase

/// The command line of Millrace.
public enum MillraceCommand {
  /// Exit code of a configuration error: EX_CONFIG of sysexits.h.
  public static let exitConfiguration: Int32 = 78
  public static let version = "0.1.0"

  /// Runs one command; prints errors to standard error.
  /// - Parameter words: without the executable's name.
  /// - Returns: the exit code: 0, 78 for a configuration error, 64 for an unknown command, 1 for all else.
  public static func run(_ words: [String]) -> Int32 {
    guard let name = words.first, !["help", "--help", "-h"].contains(name) else {
      if words.count > 1, let command = commands.first(where: { $0.name == words[1] }) {
        print(command.help, terminator: "")
      } else {
        print(overview, terminator: "")
      }
      return words.isEmpty ? 64 : 0
    }
    if name == "version" || name == "--version" {
      print("millrace \(version)")
      return 0
    }
    guard let command = commands.first(where: { $0.name == name }) else {
      report("there is no command '\(name)'; \(Nearest.advice(for: name, among: commands.map(\.name)))")
      return 64
    }
    let rest = Array(words.dropFirst())
    do {
      if let raw = command.raw { return try raw(rest) }
      if rest.contains("--help") || rest.contains("-h") {
        print(command.help, terminator: "")
        return 0
      }
      return try command.run(Arguments(rest, for: command))
    } catch let error as MillError {
      report("\(error)")
      return error.code == .configuration ? exitConfiguration : 1
    } catch {
      report(Secrets.redact("\(error)"))
      return 1
    }
  }

  static func report(_ text: String) {
    let line = Array("millrace: \(text)\n".utf8)
    _ = write(2, line, line.count)
  }

  static var environment: [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return result
  }

  private static var overview: String {
    let width = (commands.map(\.name.utf8.count).max() ?? 0) + 2
    let list = commands.map { command in
      "  \(command.name)\(String(repeating: " ", count: width - command.name.utf8.count))\(command.summary)\n"
    }
    return """
      millrace: REST API → spool → Flume → Kafka → archive and Spark SQL → InfluxDB → Grafana, as one program

      usage: millrace COMMAND [ARGUMENTS]

      \(list.joined())
      millrace help COMMAND   how to call it, with examples
      millrace version

      Start with:  millrace run examples/population

      """
  }
}
