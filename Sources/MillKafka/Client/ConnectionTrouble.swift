import CRdKafka
import MillBase
import Synchronization

/// The last trouble that librdkafka has told of a connection: why a call has had no answer.
///
/// librdkafka tries again for ever, and the call itself ends with no more than "timed out".
final class ConnectionTrouble: Sendable {
  struct Report: Sendable {
    var error: rd_kafka_resp_err_t
    var text: String

    /// Whether trying again can't help: a wrong password stays wrong.
    var isHopeless: Bool { KafkaAdvice.of(error, text).prospect == .permanent }
  }

  private let last = Mutex<Report?>(nil)

  var report: Report? { last.withLock { $0 } }

  func note(_ error: rd_kafka_resp_err_t, _ text: String) {
    last.withLock { last in
      // That all are down follows on each one's reason, and says less.
      if error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, last != nil { return }
      last = Report(error: error, text: text)
    }
  }

  /// A call has had its answer.
  func clear() { last.withLock { $0 = nil } }

  /// Takes librdkafka's error events; the trouble must outlive the instance.
  func observe(_ conf: OpaquePointer) {
    rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(self).toOpaque())
    rd_kafka_conf_set_error_cb(conf) { _, error, text, opaque in
      guard let text, let opaque else { return }
      let trouble = Unmanaged<ConnectionTrouble>.fromOpaque(opaque).takeUnretainedValue()
      trouble.note(rd_kafka_resp_err_t(rawValue: error), String(cString: text))
    }
  }
}
