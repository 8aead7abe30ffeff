import MillBase
import MillColumns
import MillLog

/// Options of files that are written, with Spark's names.
struct FileFormatOptions: Sendable {
  enum Compression: Sendable {
    case none, gzip, deflate, lz4, snappy

    /// What a file's name ends with, as Hadoop's codecs have it.
    var suffix: String {
      switch self {
      case .none: ""
      case .gzip: ".gz"
      default: ".\(self)"
      }
    }

    /// Packed bytes may follow others.
    func pack(_ bytes: [UInt8]) -> [UInt8] {
      switch self {
      case .none: bytes
      case .gzip: Gzip.compress(bytes)
      case .deflate: Gzip.compress(bytes, as: .zlib)
      case .lz4: HadoopCodec.lz4.pack(bytes)
      case .snappy: HadoopCodec.snappy.pack(bytes)
      }
    }
  }

  var format: FileSource.Format
  var compression = Compression.none
  var lineSeparator = Array("\n".utf8)
  /// Rows of a file; nil = no limit.
  var recordsMax: Int?
  var ignoresNullFields = true
  var json = JSONOptions()
  var csv = CSVOptions()

  /// - Throws: `.configuration` for an option that is not known.
  init(_ format: FileSource.Format, _ options: [String: String]) throws {
    self.format = format
    var others: [String: String] = [:]
    for (key, value) in options.sorted(by: { $0.key < $1.key }) {
      switch key.lowercased() {
      case "compression", "codec": compression = try Self.compression(value)
      case "linesep":
        guard !value.isEmpty else { throw MillError(.configuration, "'lineSep' cannot be an empty string.") }
        lineSeparator = Array(value.utf8)
      case "maxrecordsperfile":
        guard let limit = Int(value) else {
          throw MillError(.configuration, "maxRecordsPerFile wants a whole number, not \(value)")
        }
        recordsMax = limit > 0 ? limit : nil
      case "ignorenullfields" where format == .json:
        guard let flag = Bool(value.lowercased()) else {
          throw MillError(.configuration, "ignoreNullFields wants true or false, not \(value)")
        }
        ignoresNullFields = flag
      default: others[key] = value
      }
    }
    switch format {
    case .json: json = try JSONOptions(others)
    case .csv: csv = try CSVOptions(others)
    case .text:
      if let key = others.keys.min() {
        throw MillError(
          .configuration, "text files have no option \(key)",
          wayOut: Nearest.advice(for: key, among: ["compression", "lineSep", "maxRecordsPerFile"]))
      }
    }
  }

  private static func compression(_ name: String) throws -> Compression {
    switch name.lowercased() {
    case "none", "uncompressed": return .none
    case "gzip": return .gzip
    case "deflate": return .deflate
    case "lz4": return .lz4
    case "snappy": return .snappy
    default:
      throw MillError(
        .configuration,
        "[CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION] The codec \(name) is not available. Available codecs "
          + "are deflate, uncompressed, snappy, none, lz4, gzip. SQLSTATE: 56038")
    }
  }

  /// `.json`, `.csv.gz`
  var suffix: String {
    (format == .text ? ".txt" : ".\(format.rawValue)") + compression.suffix
  }

  /// Spark's name of the format.
  private var name: String {
    switch format {
    case .json: "JSON"
    case .csv: "CSV"
    case .text: "Text"
    }
  }

  /// - Throws: `.configuration`, in Spark's words, for columns that the format has no room for.
  func check(_ columns: [Schema.Column]) throws {
    for column in columns where !takes(column.type) {
      throw MillError(
        .configuration,
        "[UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE] The \(name) datasource doesn't support the column "
          + "`\(column.name)` of the type \"\(column.type.sql)\". SQLSTATE: 0A000",
        wayOut: "SELECT to_json(struct(*)) AS value, or CAST(… AS STRING)")
    }
    if format == .text, columns.count != 1 {
      throw MillError(
        .configuration, "Text data source supports only a single column, and you have \(columns.count) columns.",
        wayOut: "SELECT to_json(struct(*)) AS value makes one of all columns")
    }
  }

  private func takes(_ type: DataType) -> Bool {
    switch (format, type) {
    case (.text, _): type == .string
    case (_, .null), (.csv, .array), (.csv, .map), (.csv, .struct): false
    default: true
    }
  }
}
