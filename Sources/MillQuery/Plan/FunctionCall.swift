import MillBase
import MillColumns

/// A call under analysis: name and arguments, on the way to an expression.
struct FunctionCall {
  let name: String
  var arguments: [Expression]
  let position: SourcePosition
  let ansi: Bool
  let file: String?
  /// What arrays_zip calls the fields of its structs: arguments that are columns have names.
  var names: [String] = []
  /// WITHIN GROUP (ORDER BY …) of an aggregate function.
  var within: SortKey?

  var coercion: TypeCoercion { TypeCoercion(ansi: ansi) }
  var castMode: CastMode { ansi ? .ansi : .legacy }
  var count: Int { arguments.count }

  func type(_ index: Int) -> DataType { arguments[index].type }

  func error(_ message: String, wayOut: String? = nil) -> MillError {
    MillError(
      .configuration, message, at: .init(file: file, line: position.line, column: position.column), wayOut: wayOut)
  }

  func mismatch(_ index: Int, wants: String) -> MillError {
    error("argument \(index + 1) of \(name) is \(type(index).sql), but must be \(wants)")
  }

  // MARK: Casting arguments

  func cast(_ expression: Expression, to type: DataType, mode: CastMode? = nil) throws -> Expression {
    if expression.type == type { return expression }
    guard CastRules.isPossible(from: expression.type, to: type, mode: mode ?? castMode) else {
      throw error("\(name): \(expression.type.sql) can't become \(type.sql)")
    }
    return Expression(.cast(expression, mode ?? castMode), type, expression.position)
  }

  mutating func cast(_ index: Int, to type: DataType) throws {
    if index < count { arguments[index] = try cast(arguments[index], to: type) }
  }

  /// Text arguments: everything but arrays, maps and structs becomes text by itself.
  mutating func castToText(_ indices: some Sequence<Int>) throws {
    for index in indices where index < count {
      guard type(index).isAtomic else { throw mismatch(index, wants: "STRING") }
      try cast(index, to: .string)
    }
  }

  mutating func castAllToText() throws { try castToText(arguments.indices) }

  /// All arguments get their common type.
  mutating func castToCommon(from first: Int = 0) throws -> DataType {
    guard let type = coercion.common(arguments[first...].map(\.type)) else {
      let list = arguments[first...].map(\.type.sql).joined(separator: ", ")
      throw error("\(name): the types \(list) have no type in common", wayOut: "CAST them to one type")
    }
    for index in arguments.indices.dropFirst(first) { try cast(index, to: type) }
    return type
  }

  // MARK: Results

  func result(
    _ type: DataType, _ evaluate: @escaping @Sendable ([Vector], Evaluation) throws -> Vector
  ) -> Expression {
    Expression(.call(Kernel(name: name, evaluate: evaluate), arguments), type, position)
  }

  /// Text in (all arguments are text already), text out.
  func text(
    _ body: @escaping @Sendable (_ arguments: [String], _ lane: Lane) throws -> String?
  ) -> Expression {
    result(.string) { vectors, evaluation in
      let readers = vectors.map(\.strings)
      return try evaluation.mapBytes(vectors) { row, out in
        guard let text = try body(readers.map { $0[row] }, evaluation.lane) else { return false }
        out += text.utf8
        return true
      }
    }
  }
}

/// A function of the library: its names, how many arguments it takes, and how a call becomes an expression.
struct FunctionDefinition: Sendable {
  let names: [String]
  let arity: ClosedRange<Int>
  let build: @Sendable (inout FunctionCall) throws -> Expression

  init(
    _ names: String..., arity: ClosedRange<Int>, build: @escaping @Sendable (inout FunctionCall) throws -> Expression
  ) {
    self.names = names
    self.arity = arity
    self.build = build
  }

  init(_ names: String..., arity: Int, build: @escaping @Sendable (inout FunctionCall) throws -> Expression) {
    self.names = names
    self.arity = arity...arity
    self.build = build
  }
}

/// All functions, by lower-case name.
enum FunctionLibrary {
  static let all: [String: FunctionDefinition] = {
    var all: [String: FunctionDefinition] = [:]
    let groups = [
      conditionFunctions, numberFunctions, roundingFunctions, textFunctions, patternFunctions, encodingFunctions,
      timeFunctions, timePartFunctions, collectionFunctions, castFunctions, hashFunctions, arrayFunctions,
      arraySetFunctions, mapFunctions, bitFunctions, mathFunctions, checkFunctions, textMeasureFunctions, urlFunctions,
      timeFieldFunctions, jsonFunctions, intervalFunctions, windowFunctions,
    ]
    for definition in groups.joined() {
      for name in definition.names {
        precondition(all.updateValue(definition, forKey: name) == nil, "two functions are called \(name)")
      }
    }
    return all
  }()

  /// Known to Spark, here not yet: they need state, or come later.
  static let later: Set<String> = [
    "session_window", "rand", "uuid",
  ]
  static let generators: Set<String> = [
    "explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", "stack", "json_tuple",
  ]
}
