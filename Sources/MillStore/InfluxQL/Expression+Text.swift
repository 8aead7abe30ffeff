extension Expression {
  /// The expression as InfluxQL, for error messages.
  var text: String {
    switch self {
    case .reference(let name, let cast): Self.quoted(name) + (cast.map { "::\($0)" } ?? "")
    case .call(let name, let arguments): "\(name)(\(arguments.map(\.text).joined(separator: ", ")))"
    case .binary(let symbol, let left, let right): "\(left.text) \(symbol.rawValue) \(right.text)"
    case .parenthesis(let inner): "(\(inner.text))"
    case .number(let value): value.description
    case .integer(let value): String(value)
    case .string(let value): "'\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
    case .boolean(let value): String(value)
    case .duration(let value): "\(value)ns"
    case .regex(let pattern): "/\(pattern.text.replacing("/", with: "\\/"))/"
    case .wildcard(let kind): "*" + (kind.map { "::\($0)" } ?? "")
    case .distinct(let name): "DISTINCT \(Self.quoted(name))"
    }
  }

  private static func quoted(_ name: String) -> String {
    let isPlain =
      !name.isEmpty && !name.utf8.first!.isDigit
      && name.utf8.allSatisfy { $0.isDigit || $0 == UInt8(ascii: "_") || ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A }
      && !Token.keywords.contains(name.uppercased())
    return isPlain ? name : "\"\(name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { self >= 0x30 && self <= 0x39 }
}
