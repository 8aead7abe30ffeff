import MillBase
import MillColumns

/// Functions that make rows: explode and its kin, stack, json_tuple.
extension Analyzer {
  /// nil when the function is no generator.
  mutating func generator(
    _ name: String, _ arguments: [Syntax], _ scope: Scope, at position: SourcePosition
  ) throws -> (Generator, [Schema.Column])? {
    let lower = name.lowercased()
    guard FunctionLibrary.generators.contains(lower) else { return nil }
    var call = FunctionCall(name: lower, arguments: [], position: position, ansi: ansi, file: file)
    for argument in arguments { call.arguments.append(try expression(argument, scope)) }
    if lower == "stack" { return try stack(&call) }
    if lower == "json_tuple" { return try jsonTuple(&call) }
    guard call.count == 1 else { throw error("\(name) takes one argument", at: position) }
    let input = call.arguments[0]
    var columns: [Schema.Column]
    switch input.type {
    case .array(.struct(let schema)) where lower.hasPrefix("inline"): columns = schema.columns
    case .array(let element) where !lower.hasPrefix("inline"): columns = [.init("col", element)]
    case .map(let key, let value) where !lower.hasPrefix("inline"):
      columns = [.init("key", key), .init("value", value)]
    default:
      throw error(
        "\(name) wants \(lower.hasPrefix("inline") ? "an array of structs" : "an array or a map"), not \(input.type.sql)",
        at: input.position)
    }
    let hasPosition = lower.hasPrefix("pos")
    if hasPosition { columns.insert(.init("pos", .integer), at: 0) }
    return (
      Generator(
        input: input, isOuter: lower.hasSuffix("_outer"), hasPosition: hasPosition,
        inlinesFields: lower.hasPrefix("inline")), columns
    )
  }

  /// Rows as an array of structs.
  private func inline(
    _ rows: [Expression], _ schema: Schema, at position: SourcePosition
  ) throws -> (Generator, [Schema.Column]) {
    var array = FunctionCall(name: "array", arguments: rows, position: position, ansi: ansi, file: file)
    let input = try FunctionLibrary.all["array"]!.build(&array)
    return (Generator(input: input, isOuter: false, hasPosition: false, inlinesFields: true), schema.columns)
  }

  /// `stack(2, a, b, c, d)`: two rows of two columns; what is missing is null.
  private func stack(_ call: inout FunctionCall) throws -> (Generator, [Schema.Column]) {
    guard call.count >= 2 else { throw call.error("stack takes a number of rows and values") }
    guard case .integer(let number)? = call.arguments[0].constantValue, number > 0, call.type(0) == .integer else {
      throw call.mismatch(0, wants: "a number of rows above 0")
    }
    var values = Array(call.arguments.dropFirst())
    let rowCount = Int(number)
    let width = (values.count + rowCount - 1) / rowCount
    var columns: [Schema.Column] = []
    for column in 0..<width {
      let places = stride(from: column, to: values.count, by: width)
      let type = places.map { values[$0].type }.first { $0 != .null } ?? .null
      for place in places where values[place].type != type && values[place].type != .null {
        throw call.error(
          "column \(column + 1) of stack has values of \(type.sql) and \(values[place].type.sql)",
          wayOut: "CAST them to one type")
      }
      columns.append(.init("col\(column)", type))
    }
    while values.count < rowCount * width { values.append(.constant(.null, .null, call.position)) }
    let schema = Schema(columns)
    let rows = try (0..<rowCount).map { row in
      var one = call
      one.arguments = try (0..<width).map { try call.cast(values[row * width + $0], to: columns[$0].type) }
      return FunctionLibrary.structure(columns.map(\.name), one)
    }
    return try inline(rows, schema, at: call.position)
  }

  /// `json_tuple(document, 'a', 'b')`: one row, also for what is no document.
  private func jsonTuple(_ call: inout FunctionCall) throws -> (Generator, [Schema.Column]) {
    guard call.count >= 2 else { throw call.error("json_tuple takes a document and names") }
    for index in call.arguments.indices where call.type(index) != .string {
      throw call.mismatch(index, wants: "STRING")
    }
    let schema = Schema((0..<(call.count - 1)).map { .init("c\($0)", .string) })
    return try inline([FunctionLibrary.jsonFields(call, schema)], schema, at: call.position)
  }
}
