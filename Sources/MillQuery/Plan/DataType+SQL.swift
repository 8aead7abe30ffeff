import MillColumns

extension DataType {
  /// Spark's name of the type: `INT`, `DECIMAL(5,2)`, `ARRAY<STRUCT<a: INT>>`.
  public var sql: String {
    switch self {
    case .null: "VOID"
    case .boolean: "BOOLEAN"
    case .byte: "TINYINT"
    case .short: "SMALLINT"
    case .integer: "INT"
    case .long: "BIGINT"
    case .float: "FLOAT"
    case .double: "DOUBLE"
    case .decimal(let precision, let scale): "DECIMAL(\(precision),\(scale))"
    case .string: "STRING"
    case .binary: "BINARY"
    case .date: "DATE"
    case .timestamp: "TIMESTAMP"
    case .yearMonthInterval(let from, let to), .dayTimeInterval(let from, let to):
      "INTERVAL \(from.name)" + (from == to ? "" : " TO \(to.name)")
    case .array(let element): "ARRAY<\(element.sql)>"
    case .map(let key, let value): "MAP<\(key.sql), \(value.sql)>"
    case .struct(let schema):
      "STRUCT<" + schema.columns.map { "\(Self.quoted($0.name)): \($0.type.sql)" }.joined(separator: ", ") + ">"
    }
  }

  /// As Spark's DataType.simpleString: `int`, `array<struct<a:int>>`.
  package var simpleString: String {
    switch self {
    case .array(let element): "array<\(element.simpleString)>"
    case .map(let key, let value): "map<\(key.simpleString),\(value.simpleString)>"
    case .struct(let schema):
      "struct<" + schema.columns.map { "\($0.name):\($0.type.simpleString)" }.joined(separator: ",") + ">"
    default: sql.lowercased()
    }
  }

  /// The name, in backquotes where it is no plain word.
  static func quoted(_ name: String) -> String {
    func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    let isPlain = name.utf8.allSatisfy { $0 == 95 || (97...122).contains($0 | 32) || isDigit($0) }
    return isPlain && !name.isEmpty && !isDigit(name.utf8.first!) ? name : "`" + name.replacing("`", with: "``") + "`"
  }

  var isIntegral: Bool {
    switch self {
    case .byte, .short, .integer, .long: true
    default: false
    }
  }

  var isDecimal: Bool { if case .decimal = self { true } else { false } }
  var isFloating: Bool { self == .float || self == .double }
  var isInterval: Bool { intervalFields != nil }
  var isNumeric: Bool { isIntegral || isFloating || isDecimal }
  var isAtomic: Bool {
    switch self {
    case .array, .map, .struct: false
    default: true
    }
  }

  /// The decimal that holds every value of a whole-number type.
  var asDecimal: (precision: Int, scale: Int)? {
    switch self {
    case .byte: (3, 0)
    case .short: (5, 0)
    case .integer: (10, 0)
    case .long: (20, 0)
    case .decimal(let precision, let scale): (precision, scale)
    default: nil
    }
  }

  /// Spark keeps at least six digits of the fraction when the whole digits leave less room than wished
  /// (DecimalType.adjustPrecisionScale).
  static func decimalAdjusted(_ precision: Int, _ scale: Int) -> DataType {
    if precision <= 38 { return .decimal(precision: precision, scale: scale) }
    let whole = precision - scale
    return .decimal(precision: 38, scale: max(38 - whole, min(scale, 6)))
  }
}
