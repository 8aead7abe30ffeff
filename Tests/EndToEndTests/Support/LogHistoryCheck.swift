/// Finds what a log must not do in a history of its clients.
struct LogHistoryCheck {
  typealias Place = LogHistory.Place
  private let history: LogHistory
  /// Topics whose records are made of those of another one, each once, as "transaction|value".
  private let derived: [String: String]
  private let stored: [Place: [Int64: String]]
  private let committed: [Place: [Int64: String]]
  private(set) var flaws: [String] = []

  /// - Parameter derived: topic → the topic that its records come from.
  init(_ history: LogHistory, derived: [String: String] = [:]) {
    self.history = history
    self.derived = derived
    func byPlace(_ records: [LogHistory.Seen]) -> [Place: [Int64: String]] {
      records.reduce(into: [:]) { $0[$1.place, default: [:]][$1.offset] = $1.value }
    }
    stored = byPlace(history.stored)
    committed = byPlace(history.committed)
    flaws = history.complaints
    checkAcknowledged()
    checkNothingIsInvented()
    checkOrder()
    checkOffsetsAreDense()
    checkTransactions()
    checkReaders()
    checkGroup()
    checkDerived()
  }

  private mutating func flaw(_ what: String) { flaws.append(what) }

  private func at(_ seen: LogHistory.Seen) -> String { "\(seen.place.topic)-\(seen.place.partition)@\(seen.offset)" }

  private mutating func checkAcknowledged() {
    for record in history.acknowledged {
      let found = stored[record.place]?[record.offset]
      if found != record.value {
        flaw("lost: \(record.value) was acknowledged at \(at(record)), there is \(found ?? "nothing")")
      }
    }
  }

  /// Each record was sent to its partition, and is there once.
  private mutating func checkNothingIsInvented() {
    let sent = Dictionary(grouping: history.sent, by: \.place).mapValues { Set($0.map(\.value)) }
    var seen: [Place: Set<String>] = [:]
    for record in history.stored {
      if sent[record.place]?.contains(record.value) != true { flaw("invented: \(record.value) at \(at(record))") }
      if !seen[record.place, default: []].insert(record.value).inserted {
        flaw("doubled: \(record.value) at \(at(record))")
      }
    }
    for record in history.committed where stored[record.place]?[record.offset] != record.value {
      flaw("invented: \(record.value) at \(at(record)) is committed, and not stored")
    }
  }

  /// A producer's records of a partition stand in the order of their sending.
  private mutating func checkOrder() {
    var numbers: [Place: [String: Int]] = [:]
    var actors: [String: String] = [:]
    for (number, sent) in history.sent.enumerated() {
      numbers[sent.place, default: [:]][sent.value] = number
      actors[sent.value] = sent.actor
    }
    for (place, records) in stored {
      var last: [String: (number: Int, value: String)] = [:]
      for (offset, value) in records.sorted(by: { $0.key < $1.key }) {
        guard let number = numbers[place]?[value], let actor = actors[value] else { continue }
        if let before = last[actor], before.number > number {
          flaw("out of order: \(value) at \(place.topic)-\(place.partition)@\(offset) after \(before.value)")
        }
        last[actor] = (number, value)
      }
    }
  }

  private mutating func checkOffsetsAreDense() {
    for place in Set(stored.keys).union(history.markers.keys).sorted() {
      let markers = history.markers[place] ?? []
      let offsets = (Array((stored[place] ?? [:]).keys) + Array(markers)).sorted()
      for (due, offset) in offsets.enumerated() where offset != Int64(due) {
        flaw("a gap: \(place.topic)-\(place.partition) has \(offset) where \(due) is due")
        break
      }
    }
  }

  /// Committed: every record that was sent in it, once. Aborted: none. Not known: all or none.
  private mutating func checkTransactions() {
    let visible = committed.mapValues { Set($0.values) }
    for (transaction, records) in Dictionary(grouping: history.sent, by: \.transaction) {
      let there = records.filter { visible[$0.place]?.contains($0.value) == true }
      guard let transaction else { continue }
      switch history.outcomes[transaction] ?? .unknown {
      case .commit:
        for record in records where visible[record.place]?.contains(record.value) != true {
          flaw("lost: \(record.value) of \(transaction), which was committed")
        }
      case .abort:
        for record in there { flaw("aborted, and read as committed: \(record.value) of \(transaction)") }
      case .unknown:
        if !there.isEmpty, there.count < records.count {
          flaw("torn: \(there.count) of \(records.count) records of \(transaction) are committed")
        }
      }
    }
    // Outside of transactions all is committed.
    let single = Set(history.sent.lazy.filter { $0.transaction == nil }.map(\.value))
    for (place, records) in stored {
      for (offset, value) in records where single.contains(value) && committed[place]?[offset] != value {
        flaw("lost: read_committed does not see \(value) at \(place.topic)-\(place.partition)@\(offset)")
      }
    }
  }

  /// A reader that goes on sees what is there in the end, each record once, from the first to the last.
  private mutating func checkReaders() {
    for (reader, reads) in Dictionary(grouping: history.read, by: \.reader) {
      let all = reader == "read_committed" ? committed : stored
      var seen: [Place: [Int64]] = [:]
      for (_, record) in reads {
        if let last = seen[record.place]?.last, last >= record.offset {
          flaw("read twice: \(reader) has \(at(record)) after \(last)")
        }
        seen[record.place, default: []].append(record.offset)
        if all[record.place]?[record.offset] != record.value {
          flaw("changed: \(reader) has read \(record.value) at \(at(record))")
        }
      }
      for (place, records) in all {
        let missing = Set(records.keys).subtracting(seen[place] ?? [])
        if let first = missing.min() {
          flaw(
            "passed over: \(reader) has not read \(missing.count) of \(place.topic)-\(place.partition), @\(first) on")
        }
      }
    }
  }

  /// A group whose members commit what they have seen is given everything, at least once.
  private mutating func checkGroup() {
    var seen: [Place: Set<Int64>] = [:]
    for record in history.delivered {
      seen[record.place, default: []].insert(record.offset)
      if committed[record.place]?[record.offset] != record.value {
        flaw("changed: the group was given \(record.value) at \(at(record))")
      }
    }
    let topics = Set(seen.keys.map(\.topic))
    for (place, records) in committed where topics.contains(place.topic) {
      let missing = Set(records.keys).subtracting(seen[place] ?? [])
      if let first = missing.min() {
        flaw("passed over: the group lacks \(missing.count) of \(place.topic)-\(place.partition), @\(first) on")
      }
    }
  }

  /// Each record of the one topic was made into one of the other.
  private mutating func checkDerived() {
    for (topic, source) in derived {
      var counts: [Place: [String: Int]] = [:]
      for (place, records) in committed where place.topic == source {
        for value in records.values {
          counts[Place(topic: topic, partition: place.partition), default: [:]][value, default: 0] -= 1
        }
      }
      for (place, records) in committed where place.topic == topic {
        for value in records.values {
          counts[place, default: [:]][value.split(separator: "|").last.map(String.init) ?? value, default: 0] += 1
        }
      }
      for (place, values) in counts {
        for (value, count) in values where count != 0 {
          flaw("\(topic)-\(place.partition) has \(value) of \(source) \(count + 1) times")
        }
      }
    }
  }
}
