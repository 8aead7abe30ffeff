import MillBase

/// Prints segments and index files as Kafka's `kafka-dump-log` does.
public struct LogDump {
  private let printsRecords: Bool
  private let printsData: Bool
  private let output: (String) -> Void
  /// Batches that can't be read, so far.
  public private(set) var damaged = 0

  /// - Parameters:
  ///   - printsRecords: `--deep-iteration`, a line for each record.
  ///   - printsData: `--print-data-log`, such lines with keys and values.
  ///   - output: gets each line.
  public init(printsRecords: Bool, printsData: Bool, output: @escaping (String) -> Void) {
    self.printsRecords = printsRecords || printsData
    self.printsData = printsData
    self.output = output
  }

  /// - Parameter path: a `.log`, `.index` or `.timeindex` file named by its base offset.
  /// - Throws: `.configuration` for other names, `.notFound`, `.system`.
  public mutating func dump(file path: String) throws {
    let (folder, name) = Files.split(path)
    let parts = name.split(separator: ".", maxSplits: 1)
    guard parts.count == 2, let base = Int64(parts[0]), ["log", "index", "timeindex"].contains(parts[1]) else {
      throw MillError(
        .configuration, "not a segment or index file by its name", at: .init(file: path),
        wayOut: "name files such as 00000000000000000000.log, .index or .timeindex")
    }
    output("Dumping \(path)")
    switch parts[1] {
    case "log": try dumpSegment(folder, base)
    case "index": try dumpEntries(path) { "offset: \(base + $0) position: \($1)" }
    default: try dumpTimes(path, base)
    }
  }

  private mutating func dumpSegment(_ folder: String, _ base: Int64) throws {
    output("Log starting offset: \(base)")
    var walk = try SegmentWalk(folder, baseOffset: base)
    try walk.run { batch in
      output(Self.line(batch))
      guard printsRecords, batch.flaw == nil else { return }
      let records = try batch.records()
      for index in 0..<records.count { output(line(records, index, batch.header)) }
    }
    for range in walk.damages {
      output("damaged: bytes \(range.start) to \(range.end), offset \(range.offset) on: \(range.reason)")
    }
    damaged += walk.damages.count
  }

  private static func line(_ batch: InspectedBatch) -> String {
    let header = batch.header
    let lastSequence =
      header.baseSequence < 0
      ? -1 : (Int64(header.baseSequence) + Int64(header.lastOffsetDelta)) % (Int64(Int32.max) + 1)
    let time = header.isLogAppendTime ? "LogAppendTime" : "CreateTime"
    return "baseOffset: \(header.baseOffset) lastOffset: \(header.lastOffset) count: \(header.recordsCount)"
      + " baseSequence: \(header.baseSequence) lastSequence: \(lastSequence) producerId: \(header.producerID)"
      + " producerEpoch: \(header.producerEpoch) partitionLeaderEpoch: \(header.partitionLeaderEpoch)"
      + " isTransactional: \(header.isTransactional) isControl: \(header.isControl) position: \(batch.position)"
      + " \(time): \(header.maxTimestamp) size: \(header.size) magic: \(header.magic)"
      + " compresscodec: \(header.codec.map { "\($0)" } ?? "unknown") crc: \(header.crc)"
      + " isvalid: \(batch.flaw == nil)"
  }

  private func line(_ records: RecordBatch, _ index: Int, _ header: BatchHeader) -> String {
    let slot = records.slots[index]
    let sequence =
      header.baseSequence < 0
      ? -1 : (Int64(header.baseSequence) + slot.offset - header.baseOffset) % (Int64(Int32.max) + 1)
    let keys = records.headers(index).map(\.key).joined(separator: ",")
    var text =
      "| offset: \(slot.offset) \(header.isLogAppendTime ? "LogAppendTime" : "CreateTime"): \(slot.timestamp)"
      + " keySize: \(slot.keyStart < 0 ? -1 : slot.keyCount) valueSize: \(slot.valueStart < 0 ? -1 : slot.valueCount)"
      + " sequence: \(sequence) headerKeys: [\(keys)]"
    if header.isControl { return text + (records.key(index).flatMap(Self.marker).map { " endTxnMarker: \($0)" } ?? "") }
    guard printsData else { return text }
    if let key = records.key(index) { text += " key: \(String(decoding: key, as: UTF8.self))" }
    return text + " payload: \(records.value(index).map { String(decoding: $0, as: UTF8.self) } ?? "null")"
  }

  /// A control record's key: version, then 0 = abort, 1 = commit (Kafka's ControlRecordType).
  private static func marker(_ key: ArraySlice<UInt8>) -> String? {
    guard key.count >= 4 else { return nil }
    switch (key[key.startIndex + 2], key[key.startIndex + 3]) {
    case (0, 0): return "ABORT"
    case (0, 1): return "COMMIT"
    default: return nil
    }
  }

  private func dumpEntries(_ path: String, _ line: (Int64, Int32) -> String) throws {
    let bytes = try Files.read(path)
    bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      while let offset = reader.integer(Int32.self), let position = reader.integer(Int32.self) {
        output(line(Int64(offset), position))
      }
    }
  }

  private func dumpTimes(_ path: String, _ base: Int64) throws {
    let bytes = try Files.read(path)
    bytes.withUnsafeBytes { raw in
      var reader = ByteReader(raw)
      while let timestamp = reader.integer(Int64.self), let offset = reader.integer(Int32.self) {
        output("timestamp: \(timestamp) offset: \(base + Int64(offset))")
      }
    }
  }
}
