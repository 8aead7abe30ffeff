import MillBase

/// The checkpoint directory, as Spark lays it out: `metadata`, `offsets/N`, `commits/N`, `sources/I/0`, `state/O/P/V.delta`.
///
/// offsets/N is written before batch N runs, commits/N after; what has no commit runs again, over the same offsets.
///
/// Each sync of a file costs a row as much time as all the rest, so there are only those that a power cut makes
/// necessary: offsets/N is on the disk before the sink has rows of batch N (at the latest before its commit where the rows
/// don't depend on the batch they are in, and have an identity), and so is the state that batch N − 1 left. That is synced
/// while the query goes on: where it is missing, batch N − 1 runs once more, whatever commits/N − 1 says, and then batch N
/// over the offsets that are recorded. commits/N itself may be lost too. A power cut may leave an empty file of
/// offsets and commits: it counts as none.
struct Checkpoint: Sendable {
  /// spark.sql.streaming.minBatchesToRetain
  static let batchesRetained: Int64 = 100

  /// What offsets/N holds.
  struct Entry: Sendable, Equatable {
    var batchWatermarkMs: Int64 = 0
    var batchTimestampMs: Int64
    var conf: JSONValue.Object
    /// One for each source; nil = `-`.
    var offsets: [JSONValue?]
  }

  let directory: String

  /// Makes the directory when it is missing, and removes what a dead process did not finish.
  init(_ directory: String) throws {
    var path = directory
    if path.hasPrefix("file://") { path.removeFirst(7) } else if path.hasPrefix("file:") { path.removeFirst(5) }
    self.directory = path
    try Files.makeDirectory(path + "/offsets", isDurable: true)
    try Files.makeDirectory(path + "/commits", isDurable: true)
    try sweep()
  }

  /// The parts of the state do so by themselves, when they are read.
  private func sweep() throws {
    func inside(_ folder: String) throws -> [String] {
      Files.exists("\(directory)/\(folder)") ? try Files.list("\(directory)/\(folder)").map { "\(folder)/\($0)" } : []
    }
    let folders = try ["offsets", "commits"] + inside("sources") + inside("state").map { "\($0)/_metadata" }
    for folder in [directory] + folders.map({ "\(directory)/\($0)" }) where Files.exists(folder) {
      try Files.removeLeftovers(in: folder)
    }
  }

  private func corrupt(_ path: String, _ what: String) -> MillError {
    MillError(
      .corrupt, what, at: .init(file: path),
      wayOut: "restore the file, or begin with a new checkpoint directory (the query then starts anew)")
  }

  // MARK: metadata

  /// The query's id: read, or made up for a new query.
  func queryId() throws -> String {
    let path = directory + "/metadata"
    if Files.exists(path) {
      guard let id = try? JSONValue(parsing: Files.readText(path))["id"]?.string else {
        throw corrupt(path, "the query's id can't be read")
      }
      return id
    }
    let id = Self.newId()
    try write(JSONValue.object(["id": .string(id)]).text(), to: path)
    return id
  }

  /// A random UUID.
  static func newId() -> String {
    var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let digits = bytes.withUnsafeBufferPointer { Hexadecimal.text($0) }.lowercased()
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text.append("-") }
      text.append(digit)
    }
    return text
  }

  // MARK: offsets and commits

  /// The last batch in `offsets` or `commits`; nil = none.
  func lastBatch(_ folder: String) throws -> Int64? {
    var found = try batches(folder)
    while let last = found.last, try Files.isEmptyBlock("\(directory)/\(folder)/\(last)") {
      Log.warning("query", "\(directory)/\(folder)/\(last) is empty, as after a power cut: it counts as none")
      found.removeLast()
    }
    return found.last
  }

  /// Numbers of the batches in `offsets` or `commits`, ascending.
  func batches(_ folder: String) throws -> [Int64] {
    try Files.list("\(directory)/\(folder)").compactMap { Int64($0) }.filter { $0 >= 0 }.sorted()
  }

  func entry(_ batchId: Int64) throws -> Entry {
    let path = "\(directory)/offsets/\(batchId)"
    var lines = try Files.readText(path).split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 2, lines.removeFirst() == "v1" else { throw corrupt(path, "the file does not begin with v1") }
    do {
      let header = try JSONValue(parsing: String(lines.removeFirst()), file: path)
      let offsets = try lines.filter { !$0.isEmpty }.map { line in
        line == "-" ? Optional.none : .some(try JSONValue(parsing: String(line), file: path))
      }
      return Entry(
        batchWatermarkMs: header["batchWatermarkMs"]?.integer ?? 0,
        batchTimestampMs: header["batchTimestampMs"]?.integer ?? 0, conf: header["conf"]?.object ?? [:],
        offsets: offsets)
    } catch {
      throw corrupt(path, "the offsets of batch \(batchId) can't be read: \(error)")
    }
  }

  /// - Parameter isDurable: it is on the disk when this returns; else after ``syncOffsets(_:)``.
  func write(_ entry: Entry, batchId: Int64, isDurable: Bool = true) throws {
    let header = JSONValue.object([
      "batchWatermarkMs": .integer(entry.batchWatermarkMs), "batchTimestampMs": .integer(entry.batchTimestampMs),
      "conf": .object(entry.conf),
    ])
    let lines = ["v1", header.text()] + entry.offsets.map { $0?.text() ?? "-" }
    let path = "\(directory)/offsets/\(batchId)"
    try Self.removeChecksum(path)
    try Files.writeBlock(Array(lines.joined(separator: "\n").utf8), to: path, isDurable: isDurable)
  }

  func syncOffsets(_ batchId: Int64) throws { try Files.sync("\(directory)/offsets/\(batchId)") }

  /// - Parameter isDurable: it is on the disk when this returns: for sources that then forget what the batch was made of.
  func commit(_ batchId: Int64, nextBatchWatermarkMs: Int64 = 0, isDurable: Bool = true) throws {
    let body = JSONValue.object(["nextBatchWatermarkMs": .integer(nextBatchWatermarkMs)])
    let path = "\(directory)/commits/\(batchId)"
    try Self.removeChecksum(path)
    try Files.writeBlock(Array("v1\n\(body.text())".utf8), to: path, isDurable: isDurable)
  }

  /// Removes offsets and commits that are so old.
  func purge(before threshold: Int64) throws {
    for folder in ["offsets", "commits"] {
      for batch in try batches(folder) where batch < threshold { try Self.remove("\(directory)/\(folder)/\(batch)") }
    }
  }

  /// The watermark that the micro-batch ended with; 0 when commits/N does not say.
  func nextWatermark(_ batchId: Int64) throws -> Int64 {
    let path = "\(directory)/commits/\(batchId)"
    let lines = try Files.readText(path).split(separator: "\n")
    guard lines.first == "v1" else { throw corrupt(path, "the file does not begin with v1") }
    guard lines.count > 1, let body = try? JSONValue(parsing: String(lines[1])) else { return 0 }
    return body["nextBatchWatermarkMs"]?.integer ?? 0
  }

  // MARK: state

  /// `state/<operator>`
  func stateDirectory(_ number: Int) -> String { "\(directory)/state/\(number)" }

  /// What the operator kept when the checkpoint began; nil when it has none.
  func stateDescription(_ number: Int) throws -> StateDescription? {
    let path = "\(stateDirectory(number))/_metadata/schema"
    guard Files.exists(path) else { return nil }
    let lines = try Files.readText(path).split(separator: "\n")
    guard lines.count == 2, lines[0] == "v1", let body = try? JSONValue(parsing: String(lines[1])),
      let name = body["operatorName"]?.string, let keys = body["keys"]?.array, let values = body["values"]?.array
    else { throw corrupt(path, "the state's description can't be read") }
    return StateDescription(operatorName: name, keys: keys.compactMap(\.string), values: values.compactMap(\.string))
  }

  func write(_ description: StateDescription, _ number: Int, partitions: Int) throws {
    let folder = "\(stateDirectory(number))/_metadata"
    try Files.makeDirectory(folder, isDurable: true)
    let operatorInfo = JSONValue.object([
      "operatorId": .integer(Int64(number)), "operatorName": .string(description.operatorName),
    ])
    let store = JSONValue.object([
      "storeName": .string("default"), "numColsPrefixKey": .integer(0), "numPartitions": .integer(Int64(partitions)),
    ])
    let metadata = JSONValue.object(["operatorInfo": operatorInfo, "stateStoreInfo": .array([store])])
    try write("v1\n\(metadata.text())", to: "\(folder)/metadata")
    let body = JSONValue.object([
      "operatorName": .string(description.operatorName), "keys": .array(description.keys.map { .string($0) }),
      "values": .array(description.values.map { .string($0) }),
    ])
    try write("v1\n\(body.text())", to: "\(folder)/schema")
  }

  // MARK: sources

  /// Where source number `index` began; nil for a new query.
  func initialOffsets(_ index: Int) throws -> JSONValue? {
    let path = "\(directory)/sources/\(index)/0"
    guard Files.exists(path) else { return nil }
    // Spark puts a zero byte in front (SPARK-19517), so that its oldest versions take the text for theirs.
    var text = String(decoding: try Files.read(path).drop { $0 == 0 }, as: UTF8.self)
    if text.hasPrefix("v1\n") { text.removeFirst(3) }
    guard let json = try? JSONValue(parsing: text) else { throw corrupt(path, "the first offsets can't be read") }
    return json
  }

  func writeInitialOffsets(_ index: Int, _ offsets: JSONValue) throws {
    try Files.makeDirectory(sourceDirectory(index), isDurable: true)
    try write("\0v1\n\(offsets.text())", to: "\(directory)/sources/\(index)/0")
  }

  /// `sources/<index>`: what a source remembers.
  func sourceDirectory(_ index: Int) -> String { "\(directory)/sources/\(index)" }

  /// When a rate source began, in milliseconds since 1970; now, for a new query.
  func beginning(_ index: Int) throws -> Int64 {
    let path = "\(sourceDirectory(index))/0"
    if Files.exists(path) {
      let lines = try Files.readText(path).split(separator: "\n")
      guard lines.count == 2, lines[0] == "v1", let time = Int64(lines[1]) else {
        throw corrupt(path, "the time at which the source began can't be read")
      }
      return time
    }
    let now = Clock.nowMilliseconds()
    try Files.makeDirectory(sourceDirectory(index), isDurable: true)
    try write("v1\n\(now)", to: path)
    return now
  }

  private func write(_ text: String, to path: String) throws { try Self.put(text, to: path) }

  /// Whole or not at all. A checksum file that Hadoop left for older content would make Spark refuse the new one.
  static func put(_ text: String, to path: String) throws {
    try removeChecksum(path)
    try Files.writeAtomically(text, to: path)
  }

  /// Removes a file and its checksum.
  static func remove(_ path: String) throws {
    try Files.remove(path)
    try removeChecksum(path)
  }

  private static func removeChecksum(_ path: String) throws {
    let (folder, name) = Files.split(path)
    let checksum = "\(folder)/.\(name).crc"
    if Files.exists(checksum) { try Files.remove(checksum) }
  }

  /// The key of the number of state partitions: fixed for the checkpoint's life.
  static let partitionsKey = "spark.sql.shuffle.partitions"

  /// Settings that Spark keeps with a checkpoint.
  static let confDefault: JSONValue.Object = [
    "spark.sql.streaming.stateStore.providerClass":
      "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider",
    "spark.sql.streaming.stateStore.rocksdb.formatVersion": "5",
    "spark.sql.streaming.stateStore.encodingFormat": "unsaferow",
    "spark.sql.streaming.statefulOperator.useStrictDistribution": "true",
    "spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion": "2",
    "spark.sql.streaming.multipleWatermarkPolicy": "min",
    "spark.sql.streaming.aggregation.stateFormatVersion": "2",
    "spark.sql.shuffle.partitions": "200",
    "spark.sql.streaming.join.stateFormatVersion": "2",
    "spark.sql.streaming.stateStore.compression.codec": "lz4",
    "spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan": "false",
  ]
}
