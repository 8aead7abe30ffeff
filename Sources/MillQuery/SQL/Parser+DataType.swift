import MillBase
import MillColumns

/// Spark's DDL type grammar: `INT`, `DECIMAL(10,2)`, ``ARRAY<STRUCT<`ID Nation`: STRING NOT NULL COMMENT 'x'>>``.
extension Parser {
  /// A schema text as from_json takes it: a list of columns, or one type.
  ///
  /// - Throws: `.configuration` with the line and column inside the text.
  static func schema(of text: String) throws -> DataType {
    var parser = try Parser(text)
    if let type = try? parser.dataType(), parser.token.kind == .end { return type }
    parser.index = 0
    let columns = try parser.schemaColumns(until: nil)
    guard parser.token.kind == .end else { throw parser.unexpected("',' or the end of the schema") }
    return .struct(columns)
  }

  /// Columns up to the closing sign (which stays), or to the end.
  mutating func schemaColumns(until closing: String?) throws -> Schema {
    var columns: [Schema.Column] = []
    if let closing, peek(sign: closing) { return Schema(columns) }
    repeat {
      let columnName = try name("a column's name")
      _ = accept(sign: ":")
      columns.append(.init(columnName, try dataType()))
      // A schema's NOT NULL binds nobody in from_json (Spark ignores it), and comments are for people.
      _ = accept(words: "NOT", "NULL")
      if accept(word: "COMMENT") { _ = try string("the comment in quotes") }
      if peek(word: "DEFAULT") || peek(word: "GENERATED") { throw unsupported(token.text.uppercased()) }
    } while accept(sign: ",")
    return Schema(columns)
  }

  mutating func dataType() throws -> DataType {
    try nested { try $0.dataTypeBody() }
  }

  private mutating func dataTypeBody() throws -> DataType {
    let position = position
    guard case .word(let word) = token.kind else { throw unexpected("a type") }
    advance()
    switch word.uppercased() {
    case "BOOLEAN": return .boolean
    case "TINYINT", "BYTE": return .byte
    case "SMALLINT", "SHORT": return .short
    case "INT", "INTEGER": return .integer
    case "BIGINT", "LONG": return .long
    case "FLOAT", "REAL": return .float
    case "DOUBLE": return .double
    case "STRING": return .string
    case "BINARY": return .binary
    case "DATE": return .date
    case "TIMESTAMP", "TIMESTAMP_LTZ": return .timestamp
    case "VOID": return .null
    case "DECIMAL", "DEC", "NUMERIC": return try decimalType(at: position)
    case "ARRAY":
      try expect(sign: "<")
      let element = try dataType()
      try closeAngle()
      return .array(element)
    case "MAP":
      try expect(sign: "<")
      let key = try dataType()
      try expect(sign: ",")
      let value = try dataType()
      try closeAngle()
      return .map(key: key, value: value)
    case "STRUCT":
      if accept(sign: "<>") { return .struct(Schema([])) }
      try expect(sign: "<")
      let schema = try schemaColumns(until: ">")
      try closeAngle()
      return .struct(schema)
    case "INTERVAL": return try intervalType(at: position)
    case "TIMESTAMP_NTZ", "VARIANT", "CHAR", "CHARACTER", "VARCHAR":
      throw unsupported("the type \(word.uppercased())", at: position)
    default:
      let nearest = Nearest.name(to: word.uppercased(), among: Self.typeNames)
      throw error("unknown type \(word)", at: position, wayOut: nearest.map { "did you mean \($0)?" })
    }
  }

  private static let typeNames = [
    "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "STRING", "BINARY", "DATE", "TIMESTAMP",
    "DECIMAL", "ARRAY", "MAP", "STRUCT", "INTEGER", "LONG", "SHORT", "BYTE",
  ]

  private mutating func decimalType(at position: SourcePosition) throws -> DataType {
    guard accept(sign: "(") else { return .decimal(precision: 10, scale: 0) }
    let precision = try wholeNumber()
    let scale = accept(sign: ",") ? try wholeNumber() : 0
    try expect(sign: ")")
    guard (1...38).contains(precision), (0...precision).contains(scale) else {
      throw error(
        "DECIMAL(\(precision), \(scale)) does not exist", at: position,
        wayOut: "precision is 1 to 38, scale 0 to precision")
    }
    return .decimal(precision: precision, scale: scale)
  }

  private mutating func wholeNumber() throws -> Int {
    guard case .number(let digits) = token.kind, let value = Int(digits) else { throw unexpected("a whole number") }
    advance()
    return value
  }

  /// `>`, also when the lexer joined two or three of them.
  private mutating func closeAngle() throws {
    switch token.kind {
    case .sign(">"): advance()
    case .sign(">>"): tokens[index].kind = .sign(">")
    case .sign(">>>"): tokens[index].kind = .sign(">>")
    case .sign(">="): tokens[index].kind = .sign("=")
    default: throw unexpected("'>'")
    }
  }
}
