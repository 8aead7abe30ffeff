import MillBase

/// A mapping of the pipeline's YAML being read: every key is known, or reported with its line.
struct Section {
  let node: YAMLNode
  /// How errors name it, for example `store`.
  let name: String
  let problems: Problems

  init(_ node: YAMLNode, _ name: String, keys: [String], _ problems: Problems) {
    self.node = node
    self.name = name
    self.problems = problems
    guard let pairs = node.pairs else {
      if !node.isNull { problems.add(node.error("'\(name)' must be a mapping of keys and values")) }
      return
    }
    for (key, line, _) in pairs where !keys.contains(key) {
      problems.add(
        MillError(
          .configuration, "'\(key)' is not known in '\(name)'", at: .init(file: node.file, line: line),
          wayOut: Nearest.advice(for: key, among: keys)))
    }
  }

  func has(_ key: String) -> Bool { node[key] != nil }

  /// A value of the kind that `read` finds; a wrong one is reported as "must be \(kind)".
  private func value<Value>(_ key: String, _ kind: String, _ read: (YAMLNode) -> Value?) -> Value? {
    guard let found = node[key] else { return nil }
    if let value = read(found) { return value }
    problems.add(found.error("'\(name).\(key)' must be \(kind)"))
    return nil
  }

  func string(_ key: String) -> String? { value(key, "text", \.string) }

  func required(_ key: String) -> String {
    if let text = string(key) { return text }
    if node[key] == nil { problems.add(node.error("'\(name)' needs '\(key)'")) }
    return ""
  }

  func bool(_ key: String) -> Bool? { value(key, "true or false", \.bool) }

  func integer(_ key: String, _ range: ClosedRange<Int> = 0...Int.max) -> Int? {
    value(key, "a whole number from \(range.lowerBound)\(range.upperBound == .max ? "" : " to \(range.upperBound)")") {
      $0.integer.flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func duration(_ key: String) -> Duration? {
    value(key, "a duration such as 500ms, 1s, 5m or 1 hour") { $0.string.flatMap { Duration(spelled: $0) } }
  }

  func size(_ key: String) -> Int? {
    value(key, "a size such as 64KB, 10MB or 1GB") { $0.string.flatMap { Self.bytes(spelled: $0) } }
  }

  func address(_ key: String) -> Address? {
    guard let found = node[key], let text = string(key) else { return nil }
    do { return try Address(text) } catch let error as MillError {
      problems.add(found.error("'\(name).\(key)': \(error.message)", wayOut: error.wayOut))
    } catch {
      problems.add(found.error("'\(name).\(key)': \(error)"))
    }
    return nil
  }

  /// A list of texts, or one text.
  func strings(_ key: String) -> [String]? {
    value(key, "a list of texts") { node in
      if let one = node.string { return [one] }
      guard let items = node.items else { return nil }
      let texts = items.compactMap(\.string)
      return texts.count == items.count ? texts : nil
    }
  }

  /// Texts by name, in their order.
  func map(_ key: String) -> [(key: String, value: String)]? {
    value(key, "a mapping of names to texts") { node in
      guard let pairs = node.pairs else { return nil }
      let texts = pairs.compactMap { pair in pair.value.string.map { (key: pair.key, value: $0) } }
      return texts.count == pairs.count ? texts : nil
    }
  }

  /// Named sub-sections, in their order.
  func sections(_ key: String, keys: [String]) -> [(name: String, section: Section)] {
    guard let found = node[key] else { return [] }
    guard let pairs = found.pairs else {
      if !found.isNull { problems.add(found.error("'\(key)' must be a mapping of names to settings")) }
      return []
    }
    return pairs.map { ($0.key, Section($0.value, "\(key).\($0.key)", keys: keys, problems)) }
  }

  func section(_ key: String, keys: [String]) -> Section? {
    node[key].map { Section($0, key, keys: keys, problems) }
  }

  /// `10MB`, `64 KB`, `1GiB`, `512`: bytes; K, M, G count by 1024.
  static func bytes(spelled text: String) -> Int? {
    let number = text.prefix { $0.isNumber }
    let unit = text.dropFirst(number.count).drop { $0 == " " }.uppercased()
    guard let value = Int(number) else { return nil }
    let shift: Int? =
      switch unit {
      case "", "B": 0
      case "K", "KB", "KIB": 10
      case "M", "MB", "MIB": 20
      case "G", "GB", "GIB": 30
      default: nil
      }
    guard let shift, value <= Int.max >> shift else { return nil }
    return value << shift
  }
}

extension Duration {
  /// `500ms`, `1s`, `20 seconds`, `5m`, `1h`, `2 days`; a bare number is seconds.
  public init?(spelled text: String) {
    let number = text.prefix { $0.isNumber || $0 == "." }
    guard let value = Double(number), value >= 0, value < 1e9 else { return nil }
    let seconds: Double? =
      switch text.dropFirst(number.count).drop(while: { $0 == " " }).lowercased() {
      case "ms", "millisecond", "milliseconds": 0.001
      case "", "s", "sec", "second", "seconds": 1
      case "m", "min", "minute", "minutes": 60
      case "h", "hour", "hours": 3600
      case "d", "day", "days": 86_400
      default: nil
      }
    guard let seconds else { return nil }
    self = .milliseconds(Int64((value * seconds * 1000).rounded()))
  }
}
