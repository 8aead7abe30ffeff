import MillBase

/// Options of json, text, csv, rate and rate-micro-batch.
extension SourceOptions {
  private static let fileKeys = [
    "path", "pathGlobFilter", "recursiveFileLookup", "ignoreMissingFiles", "maxFilesPerTrigger", "maxBytesPerTrigger",
    "latestFirst", "maxFileAge", "fileNameOnly", "cleanSource", "sourceArchiveDir", "maxCachedFiles",
    "discardCachedInputRatio", "basePath",
  ]

  /// The files, with the other options: from_json's for json, from_csv's for csv.
  func files(_ format: FileSource.Format) throws -> FileSource {
    let known = Self.fileKeys + (format == .text ? [] : ["multiLine"])
    let others = options.filter { option in !known.contains { $0.lowercased() == option.key.lowercased() } }
    guard let path = option("path"), !path.value.isEmpty else {
      if let first = others.first { throw unknown(first, among: Self.fileKeys) }
      throw error("the option path is missing", wayOut: "write path '/directory/or/file'")
    }
    var json = JSONOptions()
    var csv = CSVOptions()
    let values = Dictionary(others.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    for option in others {
      guard format != .text else { throw unknown(option, among: Self.fileKeys) }
      do {
        if format == .json { json = try JSONOptions(values, ofSource: true) } else { csv = try CSVOptions(values) }
      } catch let problem as MillError {
        throw error(problem.message, at: option, wayOut: problem.wayOut)
      }
    }
    let plain = Self.plain(path.value)
    var files = FileSource(format: format, path: plain)
    if format == .json {
      json.keepsText = true
      files.json = json
    }
    if format != .text { files.isMultiLine = try boolean("multiLine", default: false) }
    if format == .csv {
      csv.isMultiLine = files.isMultiLine
      files.csv = csv
    }
    files.isRecursive = try boolean("recursiveFileLookup", default: true)
    files.readsPartitions = try !boolean("recursiveFileLookup", default: false)
    files.basePath = option("basePath").map { Self.plain($0.value) }
    files.ignoresMissingFiles = try boolean("ignoreMissingFiles", default: false)
    files.pathGlobFilter = try pattern("pathGlobFilter")
    if PathGlob.isPattern(plain) { try check(plain, path) }
    files.stream = try streamOptions()
    return files
  }

  /// A path of this machine without its scheme.
  private static func plain(_ path: String) -> String {
    if path.hasPrefix("file://") { return String(path.dropFirst(7)) }
    return path.hasPrefix("file:") ? String(path.dropFirst(5)) : path
  }

  private func pattern(_ key: String) throws -> String? {
    guard let option = option(key) else { return nil }
    try check(option.value, option)
    return option.value
  }

  private func check(_ pattern: String, _ option: Statement.Option) throws {
    do { _ = try PathGlob(pattern) } catch let problem as MillError {
      throw error(problem.message, at: option, wayOut: problem.wayOut)
    }
  }

  private func streamOptions() throws -> FileSource.StreamOptions {
    var stream = FileSource.StreamOptions()
    stream.maxFilesPerTrigger = try positiveNumber("maxFilesPerTrigger").map { Int($0) }
    stream.maxBytesPerTrigger = try positiveNumber("maxBytesPerTrigger")
    if stream.maxFilesPerTrigger != nil, stream.maxBytesPerTrigger != nil {
      throw error(
        "Options 'maxFilesPerTrigger' and 'maxBytesPerTrigger' can't be both set at the same time",
        at: option("maxBytesPerTrigger"))
    }
    stream.latestFirst = try boolean("latestFirst", default: false)
    stream.fileNameOnly = try boolean("fileNameOnly", default: false)
    if let age = try milliseconds("maxFileAge") { stream.maxFileAgeMilliseconds = age }
    // What was found and not read yet is kept in any case.
    if let option = option("maxCachedFiles"), Int64(option.value) ?? -1 < 0 {
      throw error("maxCachedFiles wants a whole number, not \(option.value)", at: option)
    }
    if let option = option("discardCachedInputRatio"), !(0...1).contains(Double(option.value) ?? -1) {
      throw error("discardCachedInputRatio wants a number from 0 to 1, not \(option.value)", at: option)
    }
    let archive = option("sourceArchiveDir")
    if let option = option("cleanSource") {
      switch option.value.lowercased() {
      case "off": break
      case "delete": stream.cleaning = .delete
      case "archive":
        guard let archive, !archive.value.isEmpty else {
          throw error("cleanSource archive needs the option sourceArchiveDir", at: option)
        }
        stream.cleaning = .archive(archive.value)
      default: throw error("cleanSource wants off, delete or archive, not \(option.value)", at: option)
      }
    }
    return stream
  }

  // MARK: rate

  /// Rows a second, or a micro-batch.
  private static let rateRowsMax: Int64 = 1_000_000_000

  private func rateOptions(_ keys: [String]) throws {
    for option in options where !keys.contains(where: { $0.lowercased() == option.key.lowercased() }) {
      throw unknown(option, among: keys)
    }
  }

  /// `rate`
  func rate() throws -> RateSource {
    try rateOptions(["rowsPerSecond", "rampUpTime", "numPartitions"])
    let rows = try positiveNumber("rowsPerSecond", atMost: Self.rateRowsMax) ?? 1
    let rampUp = try milliseconds("rampUpTime", unit: "s") ?? 0
    return RateSource(pace: .perSecond(rows, rampUpSeconds: rampUp / 1000), numPartitions: try ratePartitions())
  }

  /// `rate-micro-batch`
  func rateMicroBatch() throws -> RateSource {
    try rateOptions(["rowsPerBatch", "startTimestamp", "advanceMillisPerBatch", "numPartitions"])
    guard let rows = try positiveNumber("rowsPerBatch", atMost: Self.rateRowsMax) else {
      throw error("the option rowsPerBatch is missing", wayOut: "write rowsPerBatch '10'")
    }
    func time(_ key: String, default value: Int64) throws -> Int64 {
      guard let option = option(key) else { return value }
      guard let number = Int64(option.value), (0...Self.timeMax).contains(number) else {
        throw error("\(key) wants milliseconds, 0 or more, not \(option.value)", at: option)
      }
      return number
    }
    let start = try time("startTimestamp", default: 0)
    let advance = try time("advanceMillisPerBatch", default: 1000)
    return RateSource(
      pace: .perBatch(rows, startTimestamp: start, advance: advance), numPartitions: try ratePartitions())
  }

  /// The end of the year 9999, in milliseconds.
  private static let timeMax: Int64 = 253_402_300_799_999

  private func ratePartitions() throws -> Int? {
    try positiveNumber("numPartitions", atMost: Int64(Int32.max)).map { Int($0) }
  }
}
