import MillBase
import Synchronization

/// Asks one REST API on a fixed grid and puts each good document into a spool directory, whole or not at all.
///
/// A status that is not 2xx, an empty body and text that is not one whole JSON document are errors: counted by reason,
/// logged, shown by ``status()``, and followed by a pause that grows with each failure (``Backoff``) and is never shorter
/// than the peer's Retry-After. While the spool or the disk is full nothing is fetched; a document in hand is kept until
/// there is room.
///
/// Metrics, all with `source`: `millrace_collect_requests_total`, `…_documents_total` and `…_bytes_total` (written to the
/// spool), `…_unchanged_total`, `…_errors_total` (with `reason`), `…_paused` (0 or 1), `…_spool_files`, `…_spool_bytes`.
public final class Collector: Sendable {
  private let poller: PollerBox
  private let board: StatusBoard
  private let worker = Mutex<Worker?>(nil)
  private let name: String

  /// Makes the spool directory, and removes files there that a dead run left half written.
  ///
  /// - Parameters:
  ///   - stateDirectory: keeps the hash of the last document (`onlyWhenChanged`); made when it is missing.
  /// - Throws: `MillError.configuration` naming the key, `.system` when a directory can't be made.
  public init(
    _ configuration: CollectorConfiguration, stateDirectory: String, metrics: Metrics = .shared
  ) throws {
    try configuration.validate()
    Self.registerSecrets(configuration.headers)
    name = configuration.name
    board = StatusBoard(configuration, metrics)
    var hash: ContentHash?
    if configuration.onlyWhenChanged {
      try Files.makeDirectory(stateDirectory)
      try Files.removeLeftovers(in: stateDirectory)
      hash = try ContentHash(path: "\(stateDirectory)/\(configuration.name).hash", part: configuration.changedPart)
    }
    let spool = try Spool(
      directory: configuration.spool, filesMax: configuration.spoolFilesMax, bytesMax: configuration.spoolBytesMax,
      completedSuffix: configuration.completedSuffix)
    poller = PollerBox(Poller(configuration, spool: spool, hash: hash, board: board))
  }

  deinit { stop() }

  /// Begins, with a request at once. Nothing happens when it runs already.
  public func start() {
    worker.withLock { worker in
      guard worker == nil else { return }
      board.update { $0.isRunning = true }
      // The thread does not hold the collector, so that one that is let go stops.
      worker = Worker("collect-\(name)") { [poller] stop in poller.run(stop) }
    }
  }

  /// Ends and waits for it: a write is finished, a request is given up within about a second. A document that waits for
  /// room in the spool is dropped; the API has it still.
  public func stop() {
    let running = worker.withLock { worker in
      defer { worker = nil }
      return worker
    }
    guard let running else { return }
    running.stop()
    running.join()
    board.update { $0.isRunning = false }
  }

  public func status() -> CollectorStatus { board.status }

  /// Headers whose values nobody may see.
  private static func registerSecrets(_ headers: [(name: String, value: String)]) {
    let words = ["authorization", "cookie", "token", "secret", "password", "key"]
    for (name, value) in headers where words.contains(where: name.lowercased().contains) {
      Secrets.register(value)
      // "Bearer abc": the second word alone is the secret.
      if let space = value.firstIndex(of: " ") { Secrets.register(String(value[value.index(after: space)...])) }
    }
  }
}

/// The poller, which the collector's thread has for itself while it runs.
private final class PollerBox: Sendable {
  private let poller: Mutex<Poller>
  init(_ poller: consuming Poller) { self.poller = Mutex(poller) }
  func run(_ stop: Signal) { poller.withLock { $0.run(stop) } }
}
