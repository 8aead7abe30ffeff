import MillBase

/// Options of `from_json`, with Spark's names, defaults and meaning (Spark SQL guide, JSON data source options).
public struct JSONOptions: Sendable, Hashable {
  public enum Mode: String, Sendable {
    case permissive = "PERMISSIVE"
    /// For sources only: rows that are malformed are left out.
    case dropMalformed = "DROPMALFORMED"
    case failFast = "FAILFAST"
  }

  public var mode = Mode.permissive
  public var columnNameOfCorruptRecord = "_corrupt_record"
  public var allowComments = false
  public var allowUnquotedFieldNames = false
  public var allowSingleQuotes = true
  public var allowNumericLeadingZeros = false
  public var allowBackslashEscapingAnyCharacter = false
  public var allowUnquotedControlChars = false
  public var allowNonNumericNumbers = true
  /// `spark.sql.json.enablePartialResults`: a bad value inside of a column makes only that value null. false is what
  /// Spark before 3.4 does: the whole column of the top level becomes null.
  public var enablePartialResults = true
  /// Numbers, objects and arrays for a STRING column stay as they are written, as in Spark's files
  /// (`spark.sql.json.enableExactStringParsing`); `from_json` writes them again.
  public var keepsText = false
  /// The clock of timestamps without a zone; nil = the session's.
  public var timeZone: String?
  /// The pattern of dates; nil = ISO 8601 in its forms.
  public var dateFormat: String?
  /// The pattern of timestamps in texts; nil = ISO 8601 in its forms.
  public var timestampFormat: String?
  /// Objects and arrays inside of each other, at most; deeper documents are malformed.
  public var maxNestingDepth = 1000
  /// Characters of a number, at most.
  public var maxNumLen = 1000
  /// Bytes of a string value, at most; a longer one does not fit its column.
  public var maxStringLen = 20_000_000

  public init() {}

  /// Options as written in SQL (`map('mode', 'FAILFAST')`); names are not case sensitive.
  ///
  /// - Parameter ofSource: DROPMALFORMED is possible.
  /// - Throws: `.configuration` for a name that Spark does not know, for one that is not supported here, and for a
  ///   value that does not fit.
  public init(_ options: [String: String], ofSource: Bool = false) throws {
    for (name, value) in options.sorted(by: { $0.key < $1.key }) {
      switch name.lowercased() {
      case "mode":
        guard let mode = Mode(rawValue: value.uppercased()), ofSource || mode != .dropMalformed else {
          throw Self.error(
            name, "\(ofSource ? "a json source" : "from_json") does not support the mode \(value)",
            "use PERMISSIVE\(ofSource ? ", DROPMALFORMED" : "") or FAILFAST")
        }
        self.mode = mode
      case "columnnameofcorruptrecord": columnNameOfCorruptRecord = value
      case "allowcomments": allowComments = try Self.bool(name, value)
      case "allowunquotedfieldnames": allowUnquotedFieldNames = try Self.bool(name, value)
      case "allowsinglequotes": allowSingleQuotes = try Self.bool(name, value)
      case "allownumericleadingzeros", "allownumericleadingzero":
        allowNumericLeadingZeros = try Self.bool(name, value)
      case "allowbackslashescapinganycharacter": allowBackslashEscapingAnyCharacter = try Self.bool(name, value)
      case "allowunquotedcontrolchars": allowUnquotedControlChars = try Self.bool(name, value)
      case "allownonnumericnumbers": allowNonNumericNumbers = try Self.bool(name, value)
      case "maxnestingdepth": maxNestingDepth = try Self.count(name, value)
      case "maxnumlen": maxNumLen = try Self.count(name, value)
      case "maxstringlen": maxStringLen = try Self.count(name, value)
      case "primitivesasstring", "prefersdecimal", "dropfieldifallnull", "samplingratio", "infertimestamp", "multiline",
        "ignorenullfields", "pretty", "linesep":
        break  // They steer schema inference, the file source or to_json: no effect on from_json in Spark either.
      case "timezone":
        guard (try? ZoneCache.rules(value)) != nil else {
          throw Self.error(name, "the time zone \(value) is not known", "write a name like Europe/Berlin, or +02:00")
        }
        timeZone = value
      case "dateformat": dateFormat = try Self.pattern(name, value)
      case "timestampformat": timestampFormat = try Self.pattern(name, value)
      case "locale" where value.lowercased() == "en-us": break
      case "encoding" where value.uppercased() == "UTF-8": break
      case "locale", "encoding", "timestampntzformat", "enabledatetimeparsingfallback":
        throw Self.error(
          name, "\(name) = '\(value)' is not supported in from_json",
          "read the column as STRING and convert it with to_date or to_timestamp")
      default:
        throw Self.error(name, "from_json has no option \(name)", "see Spark's JSON options for the names")
      }
    }
  }

  private static func error(_ name: String, _ message: String, _ wayOut: String) -> MillError {
    MillError(.configuration, message, at: .init(key: name), wayOut: wayOut)
  }

  private static func bool(_ name: String, _ value: String) throws -> Bool {
    switch value.lowercased() {
    case "true": return true
    case "false": return false
    default: throw error(name, "\(name) is true or false, not '\(value)'", "write true or false")
    }
  }

  private static func pattern(_ name: String, _ value: String) throws -> String {
    do { _ = try DateTimePattern(value) } catch { throw Self.error(name, error.text, "see Spark's datetime patterns") }
    return value
  }

  private static func count(_ name: String, _ value: String) throws -> Int {
    guard let count = Int(value), count > 0 else {
      throw error(name, "\(name) is a number above 0, not '\(value)'", "write a whole number")
    }
    return count
  }
}
