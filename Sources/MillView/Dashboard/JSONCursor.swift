import MillBase

/// A place in a JSON file: typed access whose errors name the file and the JSON path.
struct JSONCursor {
  let value: JSONValue
  /// `$.panels[3].gridPos`
  let path: String
  let file: String?
  /// Problems found so far; reading goes on with the default, so that one run finds all of them.
  let problems: ProblemList

  final class ProblemList {
    var errors: [MillError] = []
  }

  init(_ value: JSONValue, file: String?) {
    self.init(value, path: "$", file: file, problems: ProblemList())
  }

  private init(_ value: JSONValue, path: String, file: String?, problems: ProblemList) {
    self.value = value
    self.path = path
    self.file = file
    self.problems = problems
  }

  func report(_ message: String, wayOut: String? = nil) {
    problems.errors.append(
      MillError(.configuration, message, at: .init(file: file, key: path), wayOut: wayOut))
  }

  /// The value of a key; nil when it is missing or null.
  subscript(key: String) -> JSONCursor? {
    guard let inner = value[key], !inner.isNull else { return nil }
    return JSONCursor(inner, path: "\(path).\(key)", file: file, problems: problems)
  }

  /// The elements of an array. An array that is missing is empty; something else is a problem.
  func items(_ key: String) -> [JSONCursor] {
    self[key]?.elements ?? []
  }

  /// The elements of this array; something else is a problem.
  var elements: [JSONCursor] {
    guard let array = value.array else {
      report("expected an array, found \(kind)")
      return []
    }
    return array.enumerated().map { index, item in
      JSONCursor(item, path: "\(path)[\(index)]", file: file, problems: problems)
    }
  }

  /// The objects of an array; other elements are problems.
  func objects(_ key: String) -> [JSONCursor] {
    items(key).filter { item in
      if item.value.object == nil { item.report("expected an object, found \(item.kind)") }
      return item.value.object != nil
    }
  }

  func string(_ key: String) -> String? {
    guard let inner = self[key] else { return nil }
    if inner.value.string == nil { inner.report("expected text in quotes, found \(inner.kind)") }
    return inner.value.string
  }

  /// Text, or a number as its text: Grafana has both for limits and intervals.
  func text(_ key: String) -> String? {
    guard let inner = self[key] else { return nil }
    return inner.value.scalarText
  }

  func bool(_ key: String) -> Bool? {
    guard let inner = self[key] else { return nil }
    if inner.value.bool == nil { inner.report("expected true or false, found \(inner.kind)") }
    return inner.value.bool
  }

  func integer(_ key: String) -> Int? {
    guard let inner = self[key] else { return nil }
    guard let number = inner.value.integer else {
      inner.report("expected a whole number, found \(inner.kind)")
      return nil
    }
    return Int(number)
  }

  var kind: String {
    switch value {
    case .null: "null"
    case .bool: "true or false"
    case .integer, .double, .bigInteger: "a number"
    case .string: "text"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue {
  /// Text, numbers and booleans as text; nil for the rest.
  var scalarText: String? {
    switch self {
    case .string(let text): text
    case .bool(let value): value ? "true" : "false"
    case .integer, .double, .bigInteger: self.text()
    case .null, .array, .object: nil
    }
  }
}
