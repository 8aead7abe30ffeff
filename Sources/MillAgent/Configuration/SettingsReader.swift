import MillBase

/// Reads the settings of one component by its ``ComponentSpec``; what is wrong lands in `problems` with file and line.
struct SettingsReader {
  let component: ComponentConfiguration
  let spec: ComponentSpec
  let agent: String
  let file: String
  private(set) var problems = Problems()

  /// Keys that every component of a kind has, read elsewhere.
  private static let common: Set<String> = ["type", "channels", "channel", "interceptors"]

  init(_ component: ComponentConfiguration, spec: ComponentSpec, agent: String, file: String) {
    self.component = component
    self.spec = spec
    self.agent = agent
    self.file = file
    judgeKeys()
  }

  /// False when the component can't be made from these settings.
  var isUsable: Bool { problems.errorCount == 0 }

  /// `<agent>.<kind>.<name>.<key>` and its line.
  func place(_ key: String) -> MillError.Place {
    let property = component.properties[key]
    return .init(file: file, line: property?.line, key: "\(agent).\(component.kind.rawValue).\(component.name).\(key)")
  }

  mutating func error(_ key: String, _ message: String, wayOut: String? = nil) {
    problems.error(message, at: place(key), wayOut: wayOut)
  }

  mutating func warning(_ key: String, _ message: String, wayOut: String? = nil) {
    problems.warning(message, at: place(key), wayOut: wayOut)
  }

  // MARK: Values

  func isSet(_ key: String) -> Bool { component.properties[key] != nil }

  /// The value as written, also under an old name of the key, or the default.
  func string(_ key: String) -> String? { written(key)?.value ?? spec.key(key)?.fallback }

  mutating func required(_ key: String) -> String {
    if let value = string(key) { return value }
    problems.error("the \(component.kind.singular) needs '\(key)'", at: place("type"), wayOut: spec.key(key)?.meaning)
    return ""
  }

  mutating func integer(_ key: String, in range: ClosedRange<Int> = 0...Int.max) -> Int {
    let text = string(key) ?? ""
    guard let value = Int(text) else {
      error(writtenName(key), "'\(text)' is not a whole number")
      return range.lowerBound
    }
    guard range.contains(value) else {
      let bounds =
        range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      error(writtenName(key), "\(value) is out of range", wayOut: "write \(bounds)")
      return range.lowerBound
    }
    return value
  }

  mutating func optionalInteger(_ key: String, in range: ClosedRange<Int>) -> Int? {
    string(key) == nil ? nil : integer(key, in: range)
  }

  /// Java's Boolean.valueOf: `true` in any case, everything else is false.
  mutating func bool(_ key: String) -> Bool {
    let text = (string(key) ?? "false").lowercased()
    if text != "true", text != "false" {
      warning(writtenName(key), "'\(text)' is read as false, as Flume does", wayOut: "write true or false")
    }
    return text == "true"
  }

  mutating func choice<Value: RawRepresentable & CaseIterable>(_ key: String, _: Value.Type) -> Value
  where Value.RawValue == String {
    let text = string(key) ?? ""
    if let value = Value.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) { return value }
    error(
      writtenName(key), "'\(text)' is not possible here",
      wayOut: "write one of " + Value.allCases.map(\.rawValue).joined(separator: ", "))
    return Value.allCases.first!
  }

  /// The keys that begin with a prefix, without it.
  func keys(under prefix: String) -> [String: String] {
    var found: [String: String] = [:]
    for (key, property) in component.properties where key.hasPrefix(prefix) && key.count > prefix.count {
      found[String(key.dropFirst(prefix.count))] = property.value
    }
    return found
  }

  /// The name under which the key was written: itself or an old one.
  func writtenName(_ key: String) -> String {
    if isSet(key) { return key }
    return spec.keys.first { $0.use == .alias(of: key) && isSet($0.name) }?.name ?? key
  }

  private func written(_ key: String) -> Property? { component.properties[writtenName(key)] }

  // MARK: Keys

  private mutating func judgeKeys() {
    for (name, property) in component.properties.sorted(by: { $0.value.line < $1.value.line }) {
      if Self.common.contains(name) || name.hasPrefix("interceptors.") || name.hasPrefix("selector.") { continue }
      guard let key = spec.key(name) else {
        let near = Nearest.name(to: name, among: spec.keys.filter { $0.use != .prefix }.map(\.name))
        warning(
          name, "\(spec.type) reads no such key; '\(property.value)' has no effect, in Flume neither",
          wayOut: near.map { "did you mean '\($0)'?" } ?? "remove it")
        continue
      }
      switch key.use {
      case .honoured, .required, .prefix: break
      case .alias(let current): warning(name, "this name is deprecated and works", wayOut: "write '\(current)'")
      case .reported(let what): warning(name, what)
      case .refused(let why): error(name, why)
      }
    }
  }
}
