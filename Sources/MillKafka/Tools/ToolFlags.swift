import MillBase

/// The command line of one of Kafka's tools: `--flag`, `--flag value` and `--flag=value`.
struct ToolFlags {
  /// EX_USAGE of sysexits.h.
  static let exitUsage: Int32 = 64

  private var values: [String: [String]] = [:]

  /// - Parameters:
  ///   - valued: flags with a value.
  ///   - optional: flags whose value may be missing, with the value that they then have.
  ///   - plain: flags without one.
  /// - Throws: `.configuration` for an unknown flag, with the nearest name.
  init(_ words: [String], valued: Set<String>, optional: [String: String] = [:], plain: Set<String>) throws {
    var index = 0
    while index < words.count {
      var name = words[index]
      var value: String?
      if name.hasPrefix("--"), let equals = name.firstIndex(of: "=") {
        value = String(name[name.index(after: equals)...])
        name = String(name[..<equals])
      }
      index += 1
      if plain.contains(name), value == nil {
        values[name] = []
      } else if let standard = optional[name] {
        if value == nil, index < words.count, !words[index].hasPrefix("--") {
          value = words[index]
          index += 1
        }
        values[name] = [value ?? standard]
      } else if valued.contains(name) {
        if value == nil, index < words.count {
          value = words[index]
          index += 1
        }
        guard let value else { throw MillError(.configuration, "Option \(name.dropFirst(2)) requires an argument") }
        values[name, default: []].append(value)
      } else {
        throw MillError(
          .configuration, "\(name) is not a recognized option",
          wayOut: Nearest.advice(for: name, among: Array(valued) + Array(optional.keys) + Array(plain)))
      }
    }
  }

  func has(_ name: String) -> Bool { values[name] != nil }
  subscript(name: String) -> String? { values[name]?.last }
  func all(_ name: String) -> [String] { values[name] ?? [] }

  func required(_ name: String) throws -> String {
    guard let value = self[name] else {
      throw MillError(.configuration, "Missing required argument \"[\(name.dropFirst(2))]\"")
    }
    return value
  }

  func number(_ name: String) throws -> Int? {
    guard let text = self[name] else { return nil }
    guard let number = Int(text) else {
      throw MillError(.configuration, "Cannot parse argument '\(text)' of option \(name)")
    }
    return number
  }

  /// `name=value` of each use of the flag, on top of what the file of the other flag says.
  func properties(_ flag: String, file: String? = nil) throws -> [String: String] {
    var properties = try file.flatMap { self[$0] }.map(PropertiesFile.read) ?? [:]
    for text in all(flag) {
      guard let equals = text.firstIndex(of: "=") else {
        throw MillError(.configuration, "no '=' in \(flag) \(text)", wayOut: "write \(flag) NAME=VALUE")
      }
      properties[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    return properties
  }
}

/// A Java properties file as Kafka's tools take it for the client: `name=value` lines, `#` and `!` comments.
enum PropertiesFile {
  static func read(_ path: String) throws -> [String: String] {
    var properties: [String: String] = [:]
    for (number, line) in try Files.readText(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let text = trimmed(line)
      if text.isEmpty || text.hasPrefix("#") || text.hasPrefix("!") { continue }
      guard let equals = text.firstIndex(of: "=") else {
        throw MillError(
          .configuration, "no '=' in '\(text)'", at: .init(file: path, line: number + 1), wayOut: "write NAME=VALUE")
      }
      properties[trimmed(text[..<equals])] = trimmed(text[text.index(after: equals)...])
    }
    return properties
  }

  private static func trimmed(_ part: some StringProtocol) -> String {
    var part = Substring(part).drop { $0.isWhitespace }
    while part.last?.isWhitespace == true { part.removeLast() }
    return String(part)
  }
}

/// Where a tool's bytes and messages go: `out` gets bytes as they are, `err` lines without their ends.
public struct ToolOutput {
  public var out: ([UInt8]) throws -> Void
  public var err: (String) -> Void

  public init(out: @escaping ([UInt8]) throws -> Void, err: @escaping (String) -> Void) {
    self.out = out
    self.err = err
  }

  func line(_ text: String) throws { try out(Array((text + "\n").utf8)) }

  /// Gives the help when there is some; else parses, then works, and tells what goes wrong.
  /// - Returns: 0, 64 for a wrong command line, 1 for all else.
  func run<Parsed>(_ tool: String, _ help: String?, parse: () throws -> Parsed, work: (Parsed) throws -> Int32) -> Int32
  {
    if let help {
      do { try line(help) } catch { return 1 }  // Nobody reads any more.
      return 0
    }
    let parsed: Parsed
    do { parsed = try parse() } catch {
      err(Secrets.redact("\(error)"))
      err("See millrace \(tool) --help")
      return ToolFlags.exitUsage
    }
    do { return try work(parsed) } catch {
      err("Error: \(Secrets.redact("\(error)"))")
      return 1
    }
  }
}
