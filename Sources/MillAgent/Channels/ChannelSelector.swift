/// Which channels an event goes to (Flume user guide, Flume Channel Selectors).
enum ChannelSelector: Sendable {
  /// To all.
  case replicating
  /// By the value of a header; where no value matches, to the default ones.
  case multiplexing(header: String, mapping: [String: [Int]], fallback: [Int])

  /// Indices into the source's channels.
  func channels(for event: Event, of count: Int) -> [Int] {
    switch self {
    case .replicating: Array(0..<count)
    case .multiplexing(let header, let mapping, let fallback): event.headers[header].flatMap { mapping[$0] } ?? fallback
    }
  }
}
