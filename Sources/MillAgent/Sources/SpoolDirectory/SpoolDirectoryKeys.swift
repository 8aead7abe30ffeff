import MillBase

/// Settings of the spooling directory source (Flume user guide, Spooling Directory Source).
struct SpoolDirectorySettings: Sendable {
  enum DeletePolicy: String, CaseIterable, Sendable { case never, immediate }
  enum TrackingPolicy: String, CaseIterable, Sendable { case rename, tracker_dir }
  enum ConsumeOrder: String, CaseIterable, Sendable { case oldest, youngest, random }

  var spoolDirectory: String
  var fileSuffix: String
  var deletePolicy: DeletePolicy
  var trackingPolicy: TrackingPolicy
  /// The header that gets the absolute path; nil = none.
  var fileHeader: String?
  /// The header that gets the name; nil = none.
  var basenameHeader: String?
  var includePattern: Pattern?
  var ignorePattern: Pattern?
  var trackerDirectory: String
  var consumeOrder: ConsumeOrder
  var pollDelay: Duration
  var recursive: Bool
  var backoffLongest: Duration
  var batchSize: Int
  var deserializer: DeserializerSettings

  static let spec = ComponentSpec(
    kind: .source, type: "spooldir", otherNames: ["org.apache.flume.source.SpoolDirectorySource"],
    source: "Flume user guide, Spooling Directory Source",
    keys: [
      KeySpec("spoolDir", nil, "the directory whose files are read", .required),
      KeySpec("fileSuffix", ".COMPLETED", "appended to the names of finished files"),
      KeySpec("deletePolicy", "never", "never keeps finished files, immediate deletes them"),
      KeySpec("trackingPolicy", "rename", "how finished files are marked: rename or tracker_dir"),
      KeySpec("fileHeader", "false", "add a header with the file's absolute path"),
      KeySpec("fileHeaderKey", "file", "name of that header"),
      KeySpec("basenameHeader", "false", "add a header with the file's name"),
      KeySpec("basenameHeaderKey", "basename", "name of that header"),
      KeySpec("includePattern", "^.*$", "files whose whole name matches are read"),
      KeySpec("ignorePattern", "^$", "files whose whole name matches are not read"),
      KeySpec("trackerDir", ".flumespool", "where progress is kept, relative to spoolDir"),
      KeySpec("consumeOrder", "oldest", "oldest, youngest or random first"),
      KeySpec("pollDelay", "500", "milliseconds between two looks into the directory"),
      KeySpec("recursiveDirectorySearch", "false", "read files in subdirectories too"),
      KeySpec("maxBackoff", "4000", "longest wait in milliseconds when the channel is full"),
      KeySpec("batchSize", "100", "events in one put"),
      KeySpec("inputCharset", "UTF-8", "encoding of the files"),
      KeySpec("decodeErrorPolicy", "FAIL", "what bytes that are no characters do: FAIL, REPLACE, IGNORE"),
      KeySpec("deserializer", "LINE", "LINE, or the class name of the blob deserializer"),
      KeySpec("deserializer.maxLineLength", "2048", "characters after which LINE cuts a line, its end counted"),
      KeySpec("deserializer.outputCharset", "UTF-8", "encoding of event bodies"),
      KeySpec("deserializer.maxBlobLength", "100000000", "bytes after which the blob deserializer cuts a file"),
      KeySpec("bufferMaxLineLength", nil, "old name", .alias(of: "deserializer.maxLineLength")),
      KeySpec("bufferMaxLines", nil, "obsolete", .reported("obsolete: no version of Flume in use reads it")),
    ])

  init(_ reader: inout SettingsReader) {
    spoolDirectory = reader.required("spoolDir")
    fileSuffix = reader.string("fileSuffix")!
    deletePolicy = reader.choice("deletePolicy", DeletePolicy.self)
    trackingPolicy = reader.choice("trackingPolicy", TrackingPolicy.self)
    fileHeader = reader.bool("fileHeader") ? reader.string("fileHeaderKey") : nil
    basenameHeader = reader.bool("basenameHeader") ? reader.string("basenameHeaderKey") : nil
    includePattern = reader.isSet("includePattern") ? reader.pattern("includePattern") : nil
    ignorePattern = reader.isSet("ignorePattern") ? reader.pattern("ignorePattern") : nil
    trackerDirectory = reader.string("trackerDir")!
    consumeOrder = reader.choice("consumeOrder", ConsumeOrder.self)
    pollDelay = .milliseconds(reader.integer("pollDelay", in: 1...86_400_000))
    recursive = reader.bool("recursiveDirectorySearch")
    backoffLongest = .milliseconds(reader.integer("maxBackoff", in: 1...86_400_000))
    batchSize = reader.integer("batchSize", in: 1...Int.max)
    deserializer = DeserializerSettings(&reader)
    if trackingPolicy == .tracker_dir, deletePolicy != .never {
      reader.error(
        "trackingPolicy", "tracker_dir goes only with deletePolicy never", wayOut: "remove one of the two keys")
    }
  }
}
