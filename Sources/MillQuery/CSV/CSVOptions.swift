import MillBase

/// Options of from_csv, to_csv and csv sources, with Spark's names and defaults (Spark SQL guide, CSV data source
/// options).
public struct CSVOptions: Sendable, Hashable {
  public enum Mode: String, Sendable {
    case permissive = "PERMISSIVE"
    /// For sources only: rows that are malformed are left out.
    case dropMalformed = "DROPMALFORMED"
    case failFast = "FAILFAST"
  }

  public var mode = Mode.permissive
  public var separator = ","
  /// nil = nothing quotes.
  public var quote: Character? = "\""
  public var escape: Character = "\\"
  /// Lines that begin with it are left out, in sources; nil = none.
  public var comment: Character?
  /// The first line of every file holds names, in sources.
  public var hasHeader = false
  /// Texts in quotes may have line ends in them, in sources.
  public var isMultiLine = false
  public var nullValue = ""
  /// What `""` means when it is read.
  public var emptyValue = ""
  /// What an empty text is written as.
  public var emptyValueWritten = "\"\""
  public var nanValue = "NaN"
  public var positiveInfinity = "Inf"
  public var negativeInfinity = "-Inf"
  public var trimsLeft = false
  public var trimsRight = false
  public var trimsWritten = true
  public var quotesAll = false
  public var columnNameOfCorruptRecord = "_corrupt_record"
  public var dateFormat: String?
  public var timestampFormat: String?
  /// The clock of timestamps without a zone; nil = the session's.
  public var timeZone: String?

  public init() {}

  /// Options as written in SQL; names are not case sensitive.
  ///
  /// - Throws: `.configuration` for an unknown name, and for a value that does not fit.
  public init(_ options: [String: String]) throws {
    for (name, value) in options.sorted(by: { $0.key < $1.key }) {
      switch name.lowercased() {
      case "mode":
        guard let mode = Mode(rawValue: value.uppercased()) else {
          throw Self.error(name, "CSV has no mode \(value)", "use PERMISSIVE, DROPMALFORMED or FAILFAST")
        }
        self.mode = mode
      case "sep", "delimiter":
        guard !value.isEmpty else { throw Self.error(name, "\(name) can't be empty", "write sep ','") }
        separator = try Self.separator(name, value)
      case "quote": quote = value.isEmpty ? nil : try Self.character(name, value)
      case "escape": escape = try Self.character(name, value)
      case "comment": comment = value.isEmpty ? nil : try Self.character(name, value)
      case "header": hasHeader = try Self.bool(name, value)
      case "nullvalue": nullValue = value
      case "emptyvalue": (emptyValue, emptyValueWritten) = (value, value)
      case "nanvalue": nanValue = value
      case "positiveinf": positiveInfinity = value
      case "negativeinf": negativeInfinity = value
      case "ignoreleadingwhitespace":
        trimsLeft = try Self.bool(name, value)
        trimsWritten = trimsLeft
      case "ignoretrailingwhitespace": trimsRight = try Self.bool(name, value)
      case "quoteall": quotesAll = try Self.bool(name, value)
      case "columnnameofcorruptrecord": columnNameOfCorruptRecord = value
      case "dateformat": dateFormat = try Self.pattern(name, value)
      case "timestampformat": timestampFormat = try Self.pattern(name, value)
      case "timezone":
        guard (try? ZoneCache.rules(value)) != nil else {
          throw Self.error(name, "the time zone \(value) is not known", "write a name like Europe/Berlin, or +02:00")
        }
        timeZone = value
      // They steer schema inference or writing files: no effect here, as in Spark.
      case "inferschema", "samplingratio", "enforceschema", "prefersdate", "maxcolumns", "maxcharspercolumn",
        "escapequotes":
        break
      case "encoding" where value.uppercased() == "UTF-8", "charset" where value.uppercased() == "UTF-8": break
      case "multiline" where value.lowercased() == "false": break
      default:
        let nearest = Nearest.name(to: name.lowercased(), among: Self.names.map { $0.lowercased() })
        let known = Self.names.first { $0.lowercased() == nearest }
        throw Self.error(
          name, "CSV has no option \(name) = '\(value)'",
          known.map { "did you mean \($0)?" } ?? "see Spark's CSV options for the names")
      }
    }
  }

  private static let names = [
    "mode", "sep", "delimiter", "quote", "escape", "comment", "header", "nullValue", "emptyValue", "nanValue",
    "positiveInf", "negativeInf", "ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace", "quoteAll",
    "columnNameOfCorruptRecord", "dateFormat", "timestampFormat", "timeZone",
  ]

  private static func error(_ name: String, _ message: String, _ wayOut: String) -> MillError {
    MillError(.configuration, message, at: .init(key: name), wayOut: wayOut)
  }

  private static func bool(_ name: String, _ value: String) throws -> Bool {
    guard let flag = Bool(value.lowercased()) else {
      throw error(name, "\(name) is true or false, not '\(value)'", "write true or false")
    }
    return flag
  }

  /// Spark's escapes, as in `sep '\\t'`: a backslash and a letter that stand for one character.
  private static func separator(_ name: String, _ value: String) throws -> String {
    let escapes: [Character: String] = [
      "t": "\t", "r": "\r", "b": "\u{8}", "f": "\u{c}", "\\": "\\", "\"": "\"", "'": "'",
    ]
    var (separator, rest) = ("", value[...])
    while let character = rest.popFirst() {
      guard character == "\\" else {
        separator.append(character)
        continue
      }
      guard let next = rest.popFirst(), let escaped = escapes[next] else {
        throw error(
          name, "'\(value)' has a backslash that escapes nothing", "write \\t for a tab, \\\\ for a backslash")
      }
      separator += escaped
    }
    return separator
  }

  private static func character(_ name: String, _ value: String) throws -> Character {
    guard value.utf8.count == 1, let first = value.first else {
      throw error(name, "\(name) is one character, not '\(value)'", "write it in quotes")
    }
    return first
  }

  private static func pattern(_ name: String, _ value: String) throws -> String {
    do { _ = try DateTimePattern(value) } catch { throw Self.error(name, error.text, "see Spark's datetime patterns") }
    return value
  }
}
