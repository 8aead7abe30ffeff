import MillArchive
import MillBase

/// Settings of the HDFS sink (Flume user guide, HDFS Sink).
struct HDFSSinkSettings: Sendable {
  enum FileType: String, CaseIterable, Sendable {
    case sequenceFile = "SequenceFile"
    case dataStream = "DataStream"
    case compressedStream = "CompressedStream"
  }

  var path: PathTemplate
  /// Where the file sets it.
  var pathLine: Int?
  var prefix: PathTemplate
  var suffix: String
  var inUsePrefix: String
  var inUseSuffix: String
  var roll: RollPolicy
  var batchSize: Int
  var fileType: FileType
  var writeFormat: SequenceFileFormat.Value
  var withHeaders: Bool
  var appendsNewline: Bool
  var openFilesMax: Int
  var time: TimeRules
  var retryLongest: Duration

  /// Longest wait between two tries when HDFS is away; Flume's retryInterval of 180 s would leave the archive behind.
  static let retryLongestDefault = Duration.seconds(10)

  static let spec = ComponentSpec(
    kind: .sink, type: "hdfs", otherNames: ["org.apache.flume.sink.hdfs.HDFSEventSink"],
    source: "Flume user guide, HDFS Sink",
    keys: [
      KeySpec("hdfs.path", nil, "the directory; escapes work", .required),
      KeySpec("hdfs.filePrefix", "FlumeData", "what file names begin with; escapes work"),
      KeySpec("hdfs.fileSuffix", "", "what file names end with; no dot is added"),
      KeySpec("hdfs.inUsePrefix", "", "before the name of a file that is open"),
      KeySpec("hdfs.inUseSuffix", ".tmp", "after the name of a file that is open"),
      KeySpec("hdfs.emptyInUseSuffix", "false", "no suffix while open"),
      KeySpec("hdfs.rollInterval", "30", "seconds until a file is complete; 0 = off"),
      KeySpec("hdfs.rollSize", "1024", "bytes of bodies until a file is complete; 0 = off"),
      KeySpec("hdfs.rollCount", "10", "events until a file is complete; 0 = off"),
      KeySpec("hdfs.idleTimeout", "0", "seconds without events until a file is complete; 0 = off"),
      KeySpec("hdfs.batchSize", "100", "events taken and flushed in one go"),
      KeySpec("hdfs.fileType", "SequenceFile", "SequenceFile, DataStream or CompressedStream"),
      KeySpec("hdfs.codeC", nil, "gzip, for CompressedStream"),
      KeySpec("hdfs.writeFormat", "Writable", "SequenceFile values: Writable or Text"),
      KeySpec("hdfs.maxOpenFiles", "5000", "files open at once; the one not used for longest is completed"),
      KeySpec("hdfs.round", "false", "round down the time that escapes show"),
      KeySpec("hdfs.roundValue", "1", "to a multiple of this"),
      KeySpec("hdfs.roundUnit", "second", "second, minute or hour"),
      KeySpec("hdfs.timeZone", "Local Time", "zone of the time that escapes show"),
      KeySpec("hdfs.useLocalTimeStamp", "false", "the clock instead of the header timestamp"),
      KeySpec("hdfs.retryInterval", nil, "longest wait in seconds between two tries, here at most 10 unless set"),
      KeySpec(
        "hdfs.closeTries", nil, "tries to complete a file",
        .reported("a file is completed however often it takes: giving up would leave it half written")),
      KeySpec(
        "hdfs.callTimeout", nil, "deprecated",
        .reported("deprecated in Flume; calls end after the client's own 30 seconds")),
      KeySpec(
        "hdfs.threadsPoolSize", nil, "threads for HDFS calls",
        .reported("the sink has one thread of its own, which keeps events in order")),
      KeySpec("hdfs.rollTimerPoolSize", nil, "threads for rolling", .reported("the sink's own thread rolls files")),
      KeySpec(
        "hdfs.minBlockReplicas", nil, "replicas of a block",
        .reported("WebHDFS does not tell a file's replicas while it is open; HDFS's dfs.replication counts")),
      KeySpec(
        "hdfs.kerberosPrincipal", nil, "Kerberos",
        .refused("Kerberos is not supported; put HttpFS in front of a secured HDFS")),
      KeySpec(
        "hdfs.kerberosKeytab", nil, "Kerberos",
        .refused("Kerberos is not supported; put HttpFS in front of a secured HDFS")),
      KeySpec(
        "hdfs.proxyUser", nil, "act as another user",
        .refused("acting as another user is not supported; set the archive's user")),
      KeySpec("serializer", "TEXT", "TEXT or HEADER_AND_TEXT"),
      KeySpec("serializer.appendNewline", "true", "a newline after each event"),
    ])

  init(_ reader: inout SettingsReader) {
    _ = reader.required("hdfs.path")
    path = reader.template("hdfs.path")
    pathLine = reader.place("hdfs.path").line
    prefix = reader.template("hdfs.filePrefix")
    let codec = reader.string("hdfs.codeC")
    suffix = reader.string("hdfs.fileSuffix")!
    if suffix.isEmpty, codec != nil { suffix = ".gz" }
    inUsePrefix = reader.string("hdfs.inUsePrefix")!
    inUseSuffix = reader.bool("hdfs.emptyInUseSuffix") ? "" : reader.string("hdfs.inUseSuffix")!
    func off(_ value: Int) -> Int? { value == 0 ? nil : value }
    roll = RollPolicy(
      interval: off(reader.integer("hdfs.rollInterval")).map { .seconds($0) },
      size: off(reader.integer("hdfs.rollSize")).map(Int64.init), count: off(reader.integer("hdfs.rollCount")),
      idle: off(reader.integer("hdfs.idleTimeout")).map { .seconds($0) })
    batchSize = reader.integer("hdfs.batchSize", in: 1...Int.max)
    fileType = reader.choice("hdfs.fileType", FileType.self)
    writeFormat = reader.choice("hdfs.writeFormat", SequenceFileFormat.Value.self)
    let serializer = reader.string("serializer")!
    withHeaders = serializer.lowercased() == "header_and_text"
    appendsNewline = reader.bool("serializer.appendNewline")
    openFilesMax = reader.integer("hdfs.maxOpenFiles", in: 1...Int.max)
    retryLongest = Self.retryLongestDefault
    if reader.isSet("hdfs.retryInterval") {
      retryLongest = .seconds(max(1, reader.integer("hdfs.retryInterval", in: 0...86_400)))
    }
    time = TimeRules()
    readTime(&reader)
    judge(&reader, codec: codec, serializer: serializer)
  }

  private mutating func readTime(_ reader: inout SettingsReader) {
    time.usesClock = reader.bool("hdfs.useLocalTimeStamp")
    let zone = reader.string("hdfs.timeZone")!
    do { time.zone = try ZoneRules(named: zone == "Local Time" ? nil : zone) } catch {
      reader.error("hdfs.timeZone", "\(error)")
    }
    let unit = reader.choice("hdfs.roundUnit", TimeRules.RoundUnit.self)
    let value = reader.integer("hdfs.roundValue", in: 1...(unit == .hour ? 24 : 60))
    if reader.bool("hdfs.round") { time.round = (value, unit) }
    let usesTime = path.usesTime || prefix.usesTime
    if !usesTime, let key = ["hdfs.round", "hdfs.roundValue", "hdfs.roundUnit"].first(where: reader.isSet) {
      reader.warning(
        key,
        "rounding changes the time that escapes show, and neither hdfs.path nor hdfs.filePrefix has one: it has no effect, in Flume neither",
        wayOut: "write a path such as \(path.source)/%Y-%m-%d/%H%M, or remove the hdfs.round keys")
    }
    if usesTime, time.usesClock {
      reader.warning(
        "hdfs.useLocalTimeStamp",
        "events go where the clock says: after a crash some may be written a second time, into a later directory",
        wayOut: "let the header timestamp decide, which a Kafka source sets to the record's own time")
    }
  }

  private func judge(_ reader: inout SettingsReader, codec: String?, serializer: String) {
    let gzipNames = ["gzip", "gzipcodec", "org.apache.hadoop.io.compress.gzipcodec"]
    if let codec, !gzipNames.contains(codec.lowercased()) {
      reader.error("hdfs.codeC", "the codec '\(codec)' is not supported", wayOut: "write gzip")
    }
    switch fileType {
    case .compressedStream where codec == nil:
      reader.error("hdfs.fileType", "CompressedStream needs hdfs.codeC", wayOut: "set hdfs.codeC = gzip")
    case .dataStream where codec != nil:
      reader.error("hdfs.codeC", "a DataStream is not compressed", wayOut: "set hdfs.fileType = CompressedStream")
    case .sequenceFile where codec != nil:
      reader.error(
        "hdfs.codeC", "compressed SequenceFiles are not supported", wayOut: "set hdfs.fileType = CompressedStream")
    default: break
    }
    if !["text", "header_and_text"].contains(serializer.lowercased()) {
      reader.error(
        "serializer", "the serializer '\(serializer)' is not supported", wayOut: "write TEXT or HEADER_AND_TEXT")
    }
  }

  func makeFormat() -> any EventFormat {
    let text = TextFormat(withHeaders: withHeaders, appendsNewline: appendsNewline)
    return switch fileType {
    case .sequenceFile: SequenceFileFormat(value: writeFormat)
    case .dataStream: text
    case .compressedStream: GzipFormat(text)
    }
  }
}
