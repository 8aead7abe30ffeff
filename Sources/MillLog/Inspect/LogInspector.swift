import MillBase

/// Looks at a data directory without opening it: read-only, without its lock, beside a running log too.
public struct LogInspector: Sendable {
  public struct Partition: Sendable {
    public var topicPartition: TopicPartition
    /// The first offset that can be read.
    public var startOffset: Int64
    /// The offset that the next record would get.
    public var endOffset: Int64
    public var segments: Int
    public var batches: Int
    public var records: Int64
    public var bytes: Int64
    public var damages: [DamagedRange]
    /// Index files that contradict their segment, gaps between segments, folders that are missing.
    public var contradictions: [String]
    /// What is no damage: batches that an earlier opening has set aside, indexes that the next one will rebuild.
    public var notes: [String]
    public var isClean: Bool { damages.isEmpty && contradictions.isEmpty }
  }

  public let directory: String

  /// - Throws: `.configuration` when this is no data directory.
  public init(directory: String) throws {
    self.directory = directory
    guard try Files.status(directory)?.isDirectory == true else {
      throw MillError(
        .configuration, "there is no such directory", at: .init(file: directory),
        wayOut: "name the broker's --data directory, or a pipeline's data/log")
    }
  }

  /// The partitions that have a folder or stand in `topics.json`, sorted.
  ///
  /// - Parameter topic: nil = all topics, the consumer offsets' too.
  /// - Throws: `.configuration` when there are none (of this topic), `.corrupt` for an unreadable `topics.json`.
  public func partitions(topic: String? = nil) throws -> [TopicPartition] {
    var found = Set<TopicPartition>()
    for entry in try TopicCatalog.read(directory) ?? [] {
      for number in 0..<entry.partitions { found.insert(TopicPartition(entry.name, Int32(number))) }
    }
    for name in try Files.list(directory) {
      if let partition = Self.partition(ofFolder: name) { found.insert(partition) }
    }
    let wanted = found.filter { topic == nil || $0.topic == topic }.sorted()
    guard !wanted.isEmpty else {
      let topics = Set(found.map(\.topic)).sorted()
      throw MillError(
        .configuration, topic.map { "topic '\($0)' is not here" } ?? "no topic is here", at: .init(file: directory),
        wayOut: topics.isEmpty
          ? "name the broker's --data directory, or a pipeline's data/log"
          : Nearest.advice(for: topic ?? "", among: topics))
    }
    return wanted
  }

  /// `topic-3` → topic, 3; nil for other names, as those of folders that are being deleted.
  static func partition(ofFolder name: String) -> TopicPartition? {
    guard let dash = name.lastIndex(of: "-"), let number = Int32(name[name.index(after: dash)...]), number >= 0 else {
      return nil
    }
    return TopicPartition(String(name[..<dash]), number)
  }

  /// Paths of a partition's segments, in the order of their offsets.
  public func segmentFiles(of partition: TopicPartition) throws -> [String] {
    let folder = folder(partition)
    return try Self.segments(in: folder).map { Segment.path(folder, $0, "log") }
  }

  /// Base offsets.
  private static func segments(in folder: String) throws -> [Int64] {
    try Files.list(folder).compactMap { $0.hasSuffix(".log") ? Int64($0.dropLast(4)) : nil }.sorted()
  }

  private func folder(_ partition: TopicPartition) -> String { "\(directory)/\(partition)" }

  /// Checks every batch of the partition: header, offset, CRC, records; and the index files against them.
  public func inspect(_ partition: TopicPartition) throws -> Partition {
    var report = Partition(
      topicPartition: partition, startOffset: 0, endOffset: 0, segments: 0, batches: 0, records: 0, bytes: 0,
      damages: [], contradictions: [], notes: [])
    let folder = folder(partition)
    // Before the batches: a running log may flush meanwhile.
    let flushed = try OffsetsFile.recoveryPoints.read(directory)?[partition] ?? 0
    guard Files.exists(folder) else {
      report.contradictions.append("\(folder) is missing: the next opening begins it empty")
      return report
    }
    let bases = try Self.segments(in: folder)
    report.endOffset = bases.first ?? 0
    // Records may have been deleted up to a point within a segment.
    report.startOffset = max(report.endOffset, try OffsetsFile.starts.read(directory)?[partition] ?? 0)
    for (index, base) in bases.enumerated() {
      do {
        try inspect(folder, base, next: index + 1 < bases.count ? bases[index + 1] : nil, into: &report)
      } catch let error as MillError where error.code == .notFound {
        report.notes.append("\(Segment.path(folder, base, "log")) went while it was looked at")
      }
    }
    if report.endOffset < flushed {
      report.contradictions.append(
        "\(folder): offsets \(report.endOffset) to \(flushed - 1) had been flushed to the disk and are missing")
    }
    for name in try Files.list(folder) {
      if name.hasSuffix(".damaged") { report.notes.append("\(folder)/\(name) was set aside by an earlier opening") }
      if let loss = try Self.lossByDamage(of: "\(folder)/\(name)") {
        report.contradictions.append("\(folder)/\(name) is damaged: \(loss)")
      }
      if name.hasSuffix(".swap") || name.hasSuffix(".cleaned") {
        report.notes.append("\(folder)/\(name): a compaction is at work, or the next opening makes up for it")
      }
    }
    return report
  }

  /// What a damaged file of producers or transactions means; nil when it is sound, or no such file.
  private static func lossByDamage(of path: String) throws -> String? {
    let parses: (UnsafeRawBufferPointer) -> Bool
    let loss: String
    switch Files.split(path).name.split(separator: ".").last {
    case "snapshot":
      parses = { ProducerTable.parse($0) != nil }
      loss = "an opening that needs it looks through the segments before"
    case .some(TransactionIndex.Moment.begin.rawValue[...]), .some(TransactionIndex.Moment.closed.rawValue[...]):
      parses = { TransactionIndex.parse($0) != nil }
      loss = "an opening that needs it looks through the segments before"
    case .some(RecoveryCheckpoint.suffix[...]):
      parses = { RecoveryCheckpoint.parse($0) != nil }
      loss = "the next opening looks through the whole segment"
    default: return nil
    }
    do { return try Files.read(path).withUnsafeBytes(parses) ? nil : loss } catch let error as MillError
      where error.code == .notFound
    {
      // A running log has removed it.
      return nil
    }
  }

  private func inspect(_ folder: String, _ base: Int64, next: Int64?, into report: inout Partition) throws {
    var walk = try SegmentWalk(folder, baseOffset: base, next: next)
    var index = IndexCheck(folder, base)
    try walk.run { if $0.flaw == nil { index.visit($0) } }
    if base < report.endOffset {
      report.contradictions.append(
        "\(Segment.path(folder, base, "log")) begins at offset \(base), the segment before it ends at"
          + " \(report.endOffset)")
    }
    report.segments += 1
    report.batches += walk.batches
    report.records += walk.records
    report.bytes += walk.size
    report.endOffset = max(walk.nextOffset, base)
    report.damages += walk.damages
    report.contradictions += try index.contradictions(size: walk.size, damages: walk.damages)
    if next != nil, !index.isThere { report.notes.append("\(index.path) is missing: the next opening rebuilds it") }
  }
}
