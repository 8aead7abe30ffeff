import Testing

/// The torture's checker finds what it is there to find.
@Suite struct LogHistoryTests {
  private static let place = LogHistory.Place(topic: "t", partition: 0)
  private static let derived = LogHistory.Place(topic: "d", partition: 0)

  private static func seen(_ offset: Int64, _ value: String, _ place: LogHistory.Place = place) -> LogHistory.Seen {
    .init(place: place, offset: offset, value: value)
  }

  /// 0–1 plain, 2–3 committed with a marker, 5 aborted with a marker, 7 plain; one of which another topic is made.
  private static var sound: LogHistory {
    var history = LogHistory()
    for (value, transaction) in [("a", nil), ("b", nil), ("c", "x"), ("d", "x"), ("e", "y"), ("f", nil)] {
      history.sent.append(.init(actor: "p", place: place, value: value, transaction: transaction))
    }
    history.outcomes = ["x": .commit, "y": .abort, "z": .commit]
    history.stored = [seen(0, "a"), seen(1, "b"), seen(2, "c"), seen(3, "d"), seen(5, "e"), seen(7, "f")]
    history.acknowledged = history.stored
    history.committed = history.stored.filter { $0.value != "e" }
    history.markers = [place: [4, 6]]
    history.read = history.committed.map { ("read_committed", $0) } + history.stored.map { ("read_uncommitted", $0) }
    history.delivered = history.committed + [seen(7, "f")]
    for (offset, value) in ["a", "b", "c", "d", "f"].enumerated() {
      let made = seen(Int64(offset), "z|\(value)", derived)
      history.sent.append(.init(actor: "w", place: derived, value: made.value, transaction: "z"))
      for reader in ["read_committed", "read_uncommitted"] { history.read.append((reader, made)) }
      history.acknowledged.append(made)
      history.stored.append(made)
      history.committed.append(made)
    }
    history.markers[derived] = [5]
    return history
  }

  private static func flaws(_ history: LogHistory) -> [String] {
    LogHistoryCheck(history, derived: ["d": "t"]).flaws
  }

  @Test func aSoundHistoryHasNoFlaw() { #expect(Self.flaws(Self.sound) == []) }

  private struct Flaw: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// What the checker's words begin with.
    var expected: String
    var make: @Sendable (inout LogHistory) -> Void

    init(_ description: String, _ expected: String, _ make: @escaping @Sendable (inout LogHistory) -> Void) {
      testDescription = description
      self.expected = expected
      self.make = make
    }
  }

  private static let all = [
    Flaw("a record that was acknowledged is gone", "lost: f was acknowledged") {
      $0.stored.removeAll { $0.value == "f" }
    },
    Flaw("it is another one", "lost: f was acknowledged") { $0.stored[5].value = "g" },
    Flaw("it is elsewhere", "lost: a was acknowledged") { $0.stored[0].offset = 9 },
    Flaw("nobody sent it", "invented: g") { $0.stored.append(seen(8, "g")) },
    Flaw("sent to another partition", "invented: a") {
      $0.stored.append(seen(0, "a", .init(topic: "t", partition: 1)))
    },
    Flaw("a record twice", "doubled: f") { $0.stored.append(seen(8, "f")) },
    Flaw("two records changed places", "out of order: a") {
      $0.stored[0].offset = 1
      $0.stored[1].offset = 0
    },
    Flaw("an offset is left out", "a gap: t-0 has 8 where 7") { $0.stored[5].offset = 8 },
    Flaw("a marker is gone", "a gap: t-0 has 5 where 4") { $0.markers[place] = [6] },
    Flaw("an aborted record is read", "aborted, and read as committed: e") { $0.committed.append(seen(5, "e")) },
    Flaw("a committed record is not read", "lost: d of x") { $0.committed.removeAll { $0.value == "d" } },
    Flaw("half of a transaction is there", "torn: 1 of 2") {
      $0.outcomes["x"] = .unknown
      $0.committed.removeAll { $0.value == "d" }
    },
    Flaw("read_committed lacks a plain record", "lost: read_committed does not see b") {
      $0.committed.removeAll { $0.value == "b" }
    },
    Flaw("a reader sees a record again", "read twice: read_committed") {
      $0.read.append(("read_committed", seen(7, "f")))
    },
    Flaw("a reader sees what later is not there", "changed: read_uncommitted has read h") {
      $0.read.append(("read_uncommitted", seen(8, "h")))
    },
    Flaw("a reader sees what is aborted", "changed: read_committed has read e") {
      $0.read.insert(("read_committed", seen(5, "e")), at: 4)
    },
    Flaw("a reader passes a record over", "passed over: read_uncommitted has not read 1 of t-0, @1") {
      $0.read.removeAll { $0.reader == "read_uncommitted" && $0.seen.value == "b" }
    },
    Flaw("a group passes a record over", "passed over: the group lacks 1 of t-0, @2") {
      $0.delivered.removeAll { $0.value == "c" }
    },
    Flaw("a record was not transformed", "d-0 has f of t 0 times") {
      $0.committed.removeAll { $0.value == "z|f" }
      $0.outcomes["z"] = .abort
    },
    Flaw("a record was transformed twice", "d-0 has f of t 2 times") {
      $0.committed.append(seen(6, "w|f", derived))
    },
    Flaw("a client complains", "the broker crashed") { $0.complaints.append("the broker crashed") },
  ]

  @Test(arguments: all) private func aFlawIsFound(flaw: Flaw) {
    var history = Self.sound
    flaw.make(&history)
    let flaws = Self.flaws(history)
    #expect(flaws.contains { $0.hasPrefix(flaw.expected) }, "\(flaws)")
  }

  @Test func aHistoryIsReadFromItsLines() {
    let history = LogHistory(
      parsing: """
        sent\tp\tt\t0\ta\t-
        sent\tp\tt\t0\tb\tx
        acked\tt\t0\t0\ta
        ended\tx\tcommit
        read\tr\tt\t0\t0\ta
        delivered\tt\t0\t0\ta
        stored\tt\t0\t0\ta
        stored\tt\t0\t1\tb
        committed\tt\t0\t0\ta
        fault\t1.5\tkill
        wrong\twhat
        """)
    #expect(history.sent.map(\.transaction) == [nil, "x"] && history.outcomes == ["x": .commit])
    #expect(history.acknowledged.count == 1 && history.read.count == 1 && history.delivered.count == 1)
    #expect(history.stored.map(\.offset) == [0, 1] && history.committed.map(\.value) == ["a"])
    #expect(history.complaints == ["what"] && history.faults == ["fault 1.5 kill"])
  }
}
