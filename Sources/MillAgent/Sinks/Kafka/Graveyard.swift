import MillBase
import MillLog

/// Where a sink puts records that the log will never take: the dead letter topic, and for what is too large even
/// for that a file beside the agent's state.
struct Graveyard {
  let feed: SinkFeed
  let directory: String
  private var letters: DeadLetters?

  init(feed: SinkFeed, directory: String) {
    self.feed = feed
    self.directory = directory
  }

  mutating func put(_ record: Record, _ reason: MillError, log: any RecordLog) throws {
    let origin =
      record.headers.first { $0.key == AppendLedger.originHeader }?.value
      .map { String(decoding: $0, as: UTF8.self) } ?? "\(feed.agent)/\(feed.channel.name)"
    if letters == nil { letters = try DeadLetters(log: log) }
    do { try letters!.put(record, room: "agent", reason: "\(reason)", origin: origin) } catch let error as MillError
      where error.code == .limit
    {
      let path = "\(directory)/\(feed.agent)-\(feed.name)-\(Clock.nowNanoseconds())"
      try Files.makeDirectory(directory)
      try Files.writeAtomically(record.value ?? [], to: path, permissions: 0o600)
      var stone = record
      stone.value = nil
      stone.headers.append(.init("deadletter.file", path))
      try letters!.put(
        stone, room: "agent", reason: "\(reason); the value of \(record.value?.count ?? 0) bytes is in \(path)",
        origin: origin)
    }
    feed.counters["DeadLetterCount"].add()
  }
}
