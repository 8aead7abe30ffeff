import CRdKafka
import MillBase

extension MillError.Code {
  /// The server does not have such a request.
  static let notOffered = Self("not-offered")
}

/// librdkafka's errors in the words of the rooms: what was tried, what came of it, name and code, whether it mends by
/// itself, the way out.
enum KafkaError {
  /// - Parameters:
  ///   - what: was tried: `append`; may be empty.
  ///   - explanation: the server's or librdkafka's own sentence.
  static func make(
    _ error: rd_kafka_resp_err_t, _ what: String, at key: String? = nil, explanation: String? = nil
  ) -> MillError {
    let text = explanation ?? String(cString: rd_kafka_err2str(error))
    let advice = KafkaAdvice.of(error, text)
    let name = String(cString: rd_kafka_err2name(error))
    return MillError(
      advice.code, "\(what)\(what.isEmpty ? "" : ": ")\(text) (\(name) \(error.rawValue), \(advice.prospect.rawValue))",
      at: key.map { MillError.Place(key: $0) }, wayOut: advice.wayOut,
      isRetriable: advice.prospect.isRetriable)
  }

  /// What librdkafka has written into a buffer.
  static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  static func check(_ error: rd_kafka_resp_err_t, _ what: String, at key: String? = nil) throws {
    if error != RD_KAFKA_RESP_ERR_NO_ERROR { throw make(error, what, at: key) }
  }
}
