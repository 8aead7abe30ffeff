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
  ///   - aliases: other names of these flags.
  ///   - refused: Kafka's flags that are not served here, with the way out.
  /// - Throws: `.configuration` for an unknown flag, with the nearest name.
  init(
    _ words: [String], valued: Set<String>, optional: [String: String] = [:], plain: Set<String> = [],
    aliases: [String: String] = [:], refused: [String: String] = [:]
  ) throws {
    var index = 0
    while index < words.count {
      var name = words[index]
      var value: String?
      if name.hasPrefix("--"), let equals = name.firstIndex(of: "=") {
        value = String(name[name.index(after: equals)...])
        name = String(name[..<equals])
      }
      index += 1
      name = aliases[name] ?? name
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
        if name == "--zookeeper" {
          throw MillError(
            .configuration, "zookeeper is not a recognized option", wayOut: "give --bootstrap-server HOST:PORT")
        }
        if let wayOut = refused[name] {
          throw MillError(.configuration, "\(name) is not served here", wayOut: wayOut)
        }
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

  /// `name=value` of each use of the flag.
  func properties(_ flag: String) throws -> [String: String] {
    var properties: [String: String] = [:]
    for text in all(flag) {
      guard let equals = text.firstIndex(of: "=") else {
        throw MillError(.configuration, "no '=' in \(flag) \(text)", wayOut: "write \(flag) NAME=VALUE")
      }
      properties[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    return properties
  }

  /// A client's properties: those of the files, and on top of them those of the other flag.
  func clientProperties(_ file: String, _ flag: String? = nil) throws -> [String: String] {
    var properties: [String: String] = [:]
    for path in all(file) { properties.merge(try PropertiesFile.read(path)) { $1 } }
    if let flag { properties.merge(try self.properties(flag)) { $1 } }
    return properties
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
  func run<Parsed>(
    _ tool: String, _ help: String?, failure: String = "Error: ", parse: () throws -> Parsed,
    work: (Parsed) throws -> Int32
  ) -> Int32 {
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
      err("\(failure)\(Secrets.redact("\(error)"))")
      return 1
    }
  }
}
