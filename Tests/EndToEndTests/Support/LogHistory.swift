/// What clients of a log did and saw, and what the log held in the end: lines of Scripts/log_torture.py.
struct LogHistory {
  struct Place: Hashable, Comparable {
    var topic: String
    var partition: Int

    static func < (one: Place, other: Place) -> Bool {
      (one.topic, one.partition) < (other.topic, other.partition)
    }
  }
  struct Sent {
    var actor: String
    var place: Place
    var value: String
    /// nil = outside of transactions.
    var transaction: String?
  }
  /// A record with its place, as it was acknowledged or seen.
  struct Seen {
    var place: Place
    var offset: Int64
    var value: String
  }
  enum Outcome: String {
    case commit
    case abort
    /// The producer was not told.
    case unknown
  }

  var sent: [Sent] = []
  var acknowledged: [Seen] = []
  var outcomes: [String: Outcome] = [:]
  /// By readers that went on through all faults, named by their isolation levels, in the order of their reading.
  var read: [(reader: String, seen: Seen)] = []
  /// To members of a consumer group.
  var delivered: [Seen] = []
  /// In the end: all that is there, what is committed of it, and where markers of transactions stand.
  var stored: [Seen] = []
  var committed: [Seen] = []
  var markers: [Place: Set<Int64>] = [:]
  /// What the clients themselves say is wrong.
  var complaints: [String] = []
  var faults: [String] = []

  init() {}

  init(parsing text: String) {
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: "\t")).map { String(Substring($0)) }
      func seen(_ first: Int) -> Seen {
        Seen(
          place: Place(topic: words[first], partition: Int(words[first + 1])!), offset: Int64(words[first + 2])!,
          value: words[first + 3])
      }
      switch words[0] {
      case "sent":
        sent.append(
          Sent(
            actor: words[1], place: Place(topic: words[2], partition: Int(words[3])!), value: words[4],
            transaction: words[5] == "-" ? nil : words[5]))
      case "acked": acknowledged.append(seen(1))
      case "ended": outcomes[words[1]] = Outcome(rawValue: words[2])!
      case "read": read.append((words[1], seen(2)))
      case "delivered": delivered.append(seen(1))
      case "stored": stored.append(seen(1))
      case "committed": committed.append(seen(1))
      case "wrong": complaints.append(words.dropFirst().joined(separator: " "))
      default: faults.append(words.joined(separator: " "))
      }
    }
  }

  /// Takes the markers from what `millrace dump` prints of a partition's segments.
  mutating func addMarkers(_ place: Place, dump: String) {
    for line in dump.split(separator: "\n") where line.contains("isControl: true") {
      if let offset = line.split(separator: " ").dropFirst().first.flatMap({ Int64($0) }) {
        markers[place, default: []].insert(offset)
      }
    }
  }
}
