import MillBase
import MillLog

/// The file of --from-file and --export: lines `topic,partition,offset`, for several groups `group,topic,partition,offset`.
struct OffsetsFile {
  /// A longer file is refused.
  private static let sizeMax = 16 << 20

  private var ofAll: [TopicPartition: Int64] = [:]
  private var byGroup: [String: [TopicPartition: Int64]] = [:]

  /// - Throws: `.configuration` naming file and line.
  init(_ path: String) throws {
    let lines = try Files.readText(path, limit: Self.sizeMax).split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      var cells = line.split(separator: ",", omittingEmptySubsequences: false).map(Self.cell)
      if cells == [""] { continue }
      let group = cells.count == 4 ? cells.removeFirst() : nil
      guard cells.count == 3, !cells[0].isEmpty, let partition = Int32(cells[1]), partition >= 0,
        let offset = Int64(cells[2])
      else {
        throw MillError(
          .configuration, "'\(line)' is no offset of a partition", at: .init(file: path, line: index + 1),
          wayOut: "write topic,partition,offset, or group,topic,partition,offset")
      }
      let place = TopicPartition(cells[0], partition)
      if let group { byGroup[group, default: [:]][place] = offset } else { ofAll[place] = offset }
    }
  }

  func partitions(of group: String) -> [TopicPartition] {
    Set(ofAll.keys).union((byGroup[group] ?? [:]).keys).sorted()
  }

  func offset(of group: String, _ place: TopicPartition) -> Int64? { byGroup[group]?[place] ?? ofAll[place] }

  /// Without blanks around it and its quotes.
  private static func cell(_ text: Substring) -> String {
    var text = text.drop { $0.isWhitespace }
    while text.last?.isWhitespace == true { text.removeLast() }
    if text.count >= 2, text.first == "\"", text.last == "\"" { text = text.dropFirst().dropLast() }
    return String(text)
  }
}
