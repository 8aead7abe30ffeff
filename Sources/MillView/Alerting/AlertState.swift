import MillBase

/// All that an evaluator has to know after a restart: written whole to one file, so that a firing alert is neither
/// forgotten nor announced again.
struct AlertState: Sendable {
  /// A notification on its way to one receiver.
  struct Delivery: Sendable {
    var contactPoint: String
    var receiverUid: String
    var title: String
    var isFiring: Bool
    var body: String
    var createdAt: Int64
    var attempts = 0
    var nextAttempt: Int64
  }
  /// How a delivery ended, for the page.
  struct Sent: Sendable {
    var at: Int64
    var title: String
    var isFiring: Bool
    var outcome: String
  }

  /// By rule uid, then by the series' labels as text.
  var instances: [String: [String: AlertInstance]] = [:]
  var lastEvaluation: [String: Int64] = [:]
  var notifier = Notifier()
  var deliveries: [Delivery] = []

  // Not kept on disk.
  var lastError: [String: String] = [:]
  var slots: [String: Int64] = [:]
  var sent: [Sent] = []
  var sentCount: [String: Int] = [:]
  var failedCount: [String: Int] = [:]

  /// Deliveries that wait; when there are more, the oldest is given up and counted as failed.
  static let deliveriesMax = 1000
  /// Ended deliveries that the page shows.
  static let sentMax = 50

  var json: JSONValue {
    [
      "version": 1,
      "instances": .object(
        .init(
          instances.sorted { $0.key < $1.key }.map { uid, list in
            (uid, .array(list.sorted { $0.key < $1.key }.map(\.value.json)))
          })),
      "lastEvaluation": .object(
        .init(lastEvaluation.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })),
      "groups": notifier.json,
      "deliveries": .array(
        deliveries.map { delivery in
          [
            "contactPoint": .string(delivery.contactPoint), "receiver": .string(delivery.receiverUid),
            "title": .string(delivery.title), "firing": .bool(delivery.isFiring), "body": .string(delivery.body),
            "createdAt": .integer(delivery.createdAt), "attempts": .integer(Int64(delivery.attempts)),
            "nextAttempt": .integer(delivery.nextAttempt),
          ]
        }),
    ]
  }

  init() {}

  init(_ json: JSONValue) {
    for (uid, list) in json["instances"]?.object ?? [:] {
      for instance in (list.array ?? []).compactMap(AlertInstance.init) {
        instances[uid, default: [:]][Self.key(instance.series)] = instance
      }
    }
    for (uid, time) in json["lastEvaluation"]?.object ?? [:] { lastEvaluation[uid] = time.integer }
    notifier = Notifier(json["groups"] ?? .null)
    for delivery in json["deliveries"]?.array ?? [] {
      guard let contactPoint = delivery["contactPoint"]?.string, let body = delivery["body"]?.string else { continue }
      deliveries.append(
        Delivery(
          contactPoint: contactPoint, receiverUid: delivery["receiver"]?.string ?? "",
          title: delivery["title"]?.string ?? "", isFiring: delivery["firing"]?.bool ?? true, body: body,
          createdAt: delivery["createdAt"]?.integer ?? 0, attempts: Int(delivery["attempts"]?.integer ?? 0),
          nextAttempt: delivery["nextAttempt"]?.integer ?? 0))
    }
  }

  static func key(_ labels: Labels) -> String { JSONValue.labels(labels).text() }

  /// A file that can't be read is set aside: alerting goes on from nothing rather than not at all.
  static func load(_ file: String) -> AlertState {
    guard Files.exists(file) else { return AlertState() }
    do {
      return AlertState(try JSONValue(parsing: Files.read(file), file: file))
    } catch {
      let aside = file + ".broken"
      Log.error("alerts", "the state of the alerts can't be read, it is kept as \(aside): \(error)")
      do { try Files.rename(file, to: aside) } catch { Log.error("alerts", "\(error)") }
      return AlertState()
    }
  }

  func save(_ file: String) throws {
    try Files.makeDirectory(Files.split(file).directory)
    // Bodies hold labels and values; only the owner reads them.
    try Files.writeAtomically(json.bytes(), to: file, permissions: 0o600)
  }
}
