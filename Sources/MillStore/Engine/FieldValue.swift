/// A field's value in a query.
public enum FieldValue: Sendable, Hashable {
  case null
  case float(Double)
  case integer(Int64)
  case string(String)
  case boolean(Bool)

  var isNull: Bool { if case .null = self { true } else { false } }

  /// The number, of an integer too.
  var number: Double? {
    switch self {
    case .float(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }
}
