/// Bodies, each with a newline (Flume's TEXT serializer), and with the headers before them (HEADER_AND_TEXT).
public final class TextFormat: EventFormat {
  private let withHeaders: Bool
  private let appendsNewline: Bool

  public init(withHeaders: Bool = false, appendsNewline: Bool = true) {
    self.withHeaders = withHeaders
    self.appendsNewline = appendsNewline
  }

  public func start() -> [UInt8] { [] }

  public func encode(_ event: ArchiveEvent, into out: inout [UInt8]) {
    if withHeaders {
      // As Java writes a map; sorted, so that the same event gives the same bytes.
      out += "{".utf8
      var separator = ""
      for (key, value) in event.headers.sorted(by: { $0.key < $1.key }) {
        out += "\(separator)\(key)=\(value)".utf8
        separator = ", "
      }
      out += "} ".utf8
    }
    out += event.body
    if appendsNewline { out.append(0x0A) }
  }

  public func mark() -> [UInt8] { [] }
  public func finish() -> [UInt8] { [] }
}
