import MillBase
import Synchronization

/// A collector's status and metrics, kept in step.
final class StatusBoard: Sendable {
  private let state: Mutex<CollectorStatus>
  private let metrics: Metrics
  private let source: String
  private let requests: Metrics.Counter
  private let documents: Metrics.Counter
  private let bytes: Metrics.Counter
  private let unchanged: Metrics.Counter
  private let paused: Metrics.Gauge
  private let spoolFiles: Metrics.Gauge
  private let spoolBytes: Metrics.Gauge

  init(_ configuration: CollectorConfiguration, _ metrics: Metrics) {
    state = Mutex(CollectorStatus(name: configuration.name, url: HTTPClient.redacted(configuration.url)))
    self.metrics = metrics
    source = configuration.name
    let labels: KeyValuePairs = ["source": source]
    requests = metrics.counter("millrace_collect_requests_total", labels, help: "Requests sent to the API.")
    documents = metrics.counter("millrace_collect_documents_total", labels, help: "Documents written to the spool.")
    bytes = metrics.counter("millrace_collect_bytes_total", labels, help: "Bytes written to the spool.")
    unchanged = metrics.counter(
      "millrace_collect_unchanged_total", labels, help: "Documents not written, being as the last one.")
    paused = metrics.gauge("millrace_collect_paused", labels, help: "1 while the spool or the disk is full.")
    spoolFiles = metrics.gauge("millrace_collect_spool_files", labels, help: "Files that no agent has completed.")
    spoolBytes = metrics.gauge("millrace_collect_spool_bytes", labels, help: "Bytes of these files.")
  }

  var status: CollectorStatus { state.withLock { $0 } }

  func update(_ change: (inout CollectorStatus) -> Void) { state.withLock { change(&$0) } }

  func requested() {
    requests.add()
    update { $0.requests += 1 }
  }

  /// A good document came. Returns how many failures it ends.
  func fetched() -> Int {
    state.withLock { status in
      defer { status.failuresInARow = 0 }
      status.fetched += 1
      status.lastSuccess = Clock.nowMilliseconds()
      return status.failuresInARow
    }
  }

  func wrote(_ count: Int) {
    documents.add()
    bytes.add(count)
    update { status in
      status.written += 1
      status.bytes += count
    }
  }

  func foundUnchanged() {
    unchanged.add()
    update { $0.unchanged += 1 }
  }

  /// Returns how many failures came in a row, with this one.
  func failed(_ reason: String, _ error: MillError) -> Int {
    metrics.counter(
      "millrace_collect_errors_total", ["source": source, "reason": reason],
      help: "Requests and writes that failed, by reason."
    ).add()
    return state.withLock { status in
      status.failed += 1
      status.failuresInARow += 1
      status.lastError = error.description
      status.lastErrorTime = Clock.nowMilliseconds()
      return status.failuresInARow
    }
  }

  /// Notes the pause or its end; true when that is news.
  func pause(_ reason: String?) -> Bool {
    paused.set(reason == nil ? 0 : 1)
    return state.withLock { status in
      let isNews = (status.pausedBecause == nil) != (reason == nil)
      status.pausedBecause = reason
      return isNews
    }
  }

  func spool(files: Int, bytes: Int) {
    spoolFiles.set(files)
    spoolBytes.set(bytes)
    update { status in
      status.spoolFiles = files
      status.spoolBytes = bytes
    }
  }
}
