import MillBase

/// Holds the index files of a segment against its batches.
struct IndexCheck {
  private let folder: String
  private let baseOffset: Int64
  private var lastOffsets: [Int64: Int64] = [:]
  /// Last offset of each batch, and the greatest timestamp up to it.
  private var times: [(lastOffset: Int64, timestamp: Int64)] = []

  var path: String { Segment.path(folder, baseOffset, "index") }
  private var timePath: String { Segment.path(folder, baseOffset, "timeindex") }
  var isThere: Bool { Files.exists(path) }

  init(_ folder: String, _ baseOffset: Int64) {
    self.folder = folder
    self.baseOffset = baseOffset
  }

  mutating func visit(_ batch: InspectedBatch) {
    lastOffsets[batch.position] = batch.header.lastOffset
    times.append((batch.header.lastOffset, max(batch.header.maxTimestamp, times.last?.timestamp ?? -1)))
  }

  /// What an opening would not take for an index, or what would lead a reader astray.
  func contradictions(size: Int64, damages: [DamagedRange]) throws -> [String] {
    guard isThere, Files.exists(timePath) else { return [] }
    guard let index = try SparseIndex.read(index: path, timeIndex: timePath, segmentSize: size) else {
      return ["\(path) or its time index is damaged: the next opening rebuilds both"]
    }
    var found: [String] = []
    for entry in index.entries {
      let position = Int64(entry.position)
      let offset = baseOffset + Int64(entry.relativeOffset)
      if damages.contains(where: { $0.start <= position && position < $0.end }) { continue }
      if lastOffsets[position] != offset {
        found.append("\(path): no batch with last offset \(offset) begins at byte \(position)")
      }
    }
    // Times are compared only where nothing is missing that might have had the greatest one.
    if !damages.isEmpty { return found }
    for entry in index.timeEntries {
      let offset = baseOffset + Int64(entry.relativeOffset)
      let at = times.partitioningIndex { $0.lastOffset >= offset }
      if at == times.count || times[at].timestamp != entry.timestamp {
        found.append("\(timePath): \(entry.timestamp) is not the greatest time up to offset \(offset)")
      }
    }
    return found
  }
}
