import MillBase
import MillColumns

/// Functions whose options are a map of texts: to_json, from_csv, to_csv, schema_of_csv.
extension Analyzer {
  mutating func withOptions(
    _ name: String, _ arguments: [Syntax], _ scope: Scope, _ aliases: LateralAliases, at position: SourcePosition
  ) throws -> Expression {
    let least = name == "from_csv" ? 2 : 1
    guard (least...(least + 1)).contains(arguments.count) else {
      throw error("\(name) takes \(least) to \(least + 1) arguments, not \(arguments.count)", at: position)
    }
    let input = try expression(arguments[0], scope, aliases)
    let options = try arguments.count > least ? optionMap(arguments[least], of: name) : [:]
    var call = FunctionCall(name: name, arguments: [input], position: position, ansi: ansi, file: file)
    do {
      if input.type == .null, name != "schema_of_csv" {
        guard name == "from_csv" else { return .constant(.null, .string, position) }
        try call.cast(0, to: .string)
      }
      switch name {
      case "to_json": return try FunctionLibrary.toJSON(call, JSONOptions(options), options)
      case "to_csv": return try FunctionLibrary.toCSV(call, CSVOptions(options))
      case "schema_of_csv": return try FunctionLibrary.schemaOfCSV(call, CSVOptions(options))
      default:
        guard call.type(0) == .string else { throw call.mismatch(0, wants: "STRING") }
        let csv = try CSVOptions(options)
        guard csv.mode != .dropMalformed else {
          throw call.error("from_csv does not support the mode DROPMALFORMED", wayOut: "use PERMISSIVE or FAILFAST")
        }
        guard case .struct(let schema) = try schemaText(arguments[1], of: name) else {
          throw error("from_csv wants columns: 'a INT, b STRING'", at: arguments[1].position)
        }
        return try FunctionLibrary.fromCSV(call, schema, csv)
      }
    } catch let problem as MillError where problem.place?.line == nil {
      throw error(problem.message, at: position, wayOut: problem.wayOut)
    } catch let failure as Failure {
      throw error(failure.text, at: position)
    }
  }
}
