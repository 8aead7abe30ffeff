import MillColumns

/// Which columns, and which parts of nested ones, somebody downstream wants.
struct Needs {
  /// By column number.
  var columns: [Int: NeededJSON] = [:]
  /// By the number of the from_json call.
  var json: [Int: NeededJSON] = [:]

  static func join(_ a: NeededJSON?, _ b: NeededJSON) -> NeededJSON {
    guard let a else { return b }
    guard case .columns(let x) = a, case .columns(let y) = b else { return .all }
    return .columns(x.merging(y) { join($0, $1) })
  }

  /// Functions that give an element of their first argument.
  private static let pickers: Set<String> = ["get", "[]", "element_at", "try_element_at"]

  mutating func add(_ expression: Expression, _ need: NeededJSON = .all) {
    switch expression.node {
    case .column(let index): columns[index] = Self.join(columns[index], need)
    case .field(let base, let index), .elementFields(let base, let index):
      add(base, .columns([base.type.fields!.columns[index].name: need]))
    case .fromJSON(let base, let call):
      json[call.id] = Self.join(json[call.id], need)
      add(base)
    case .call(let kernel, let arguments) where kernel.name == "isnull":
      // Whether a struct is null does not depend on its fields.
      add(arguments[0], arguments[0].type.fields == nil ? .all : .columns([:]))
    case .call(let kernel, let arguments) where Self.pickers.contains(kernel.name) && arguments[0].type.fields != nil:
      // One element of an array: what is wanted of it is what is wanted of all.
      add(arguments[0], need)
      add(arguments[1])
    default: for child in expression.children { add(child) }
    }
  }
}
