/// Spark's StructType: names and types of columns, for ``from_json(_:_:_:)`` and readers.
public struct StructType: Sendable, Hashable {
  public var fields: [StructField]
  public init(_ fields: [StructField]) { self.fields = fields }

  /// `a: INT, b: ARRAY<STRING>`
  public var ddl: String { fields.map { "\(Text.name($0.name)): \($0.dataType.ddl)" }.joined(separator: ", ") }
}

public struct StructField: Sendable, Hashable {
  public var name: String
  public var dataType: FieldType

  /// - Parameter nullable: as in Spark's readers, every column may be null whatever is said here.
  public init(_ name: String, _ dataType: FieldType, _ nullable: Bool = true) {
    self.name = name
    self.dataType = dataType
  }
}

/// The type of a field.
public indirect enum FieldType: Sendable, Hashable {
  case named(String)
  case array(FieldType)
  case map(FieldType, FieldType)
  case `struct`(StructType)

  var ddl: String {
    switch self {
    case .named(let name): name
    case .array(let element): "ARRAY<\(element.ddl)>"
    case .map(let key, let value): "MAP<\(key.ddl), \(value.ddl)>"
    case .struct(let type): "STRUCT<\(type.ddl)>"
    }
  }
}

public func StringType() -> FieldType { .named("STRING") }
public func IntegerType() -> FieldType { .named("INT") }
public func LongType() -> FieldType { .named("BIGINT") }
public func ShortType() -> FieldType { .named("SMALLINT") }
public func ByteType() -> FieldType { .named("TINYINT") }
public func FloatType() -> FieldType { .named("FLOAT") }
public func DoubleType() -> FieldType { .named("DOUBLE") }
public func BooleanType() -> FieldType { .named("BOOLEAN") }
public func BinaryType() -> FieldType { .named("BINARY") }
public func DateType() -> FieldType { .named("DATE") }
public func TimestampType() -> FieldType { .named("TIMESTAMP") }
public func DecimalType(_ precision: Int = 10, _ scale: Int = 0) -> FieldType {
  .named("DECIMAL(\(precision),\(scale))")
}
public func ArrayType(_ element: FieldType, _ containsNull: Bool = true) -> FieldType { .array(element) }
public func ArrayType(_ element: StructType, _ containsNull: Bool = true) -> FieldType { .array(.struct(element)) }
public func MapType(_ key: FieldType, _ value: FieldType) -> FieldType { .map(key, value) }

extension StructField {
  public init(_ name: String, _ dataType: StructType, _ nullable: Bool = true) {
    self.init(name, .struct(dataType), nullable)
  }
}
