/// A key that a component knows: its name, default, meaning, and what is done with it.
struct KeySpec: Sendable {
  enum Use: Sendable, Equatable {
    case honoured
    case required
    /// Any key that begins so.
    case prefix
    /// The old name of another key: honoured, and reported.
    case alias(of: String)
    /// Has no effect here, or in Flume: why, for the reader.
    case reported(String)
    /// Can't be honoured, and ignoring it would do something else than was asked for.
    case refused(String)
  }

  var name: String
  var fallback: String?
  var meaning: String
  var use: Use

  init(_ name: String, _ fallback: String? = nil, _ meaning: String, _ use: Use = .honoured) {
    self.name = name
    self.fallback = fallback
    self.meaning = meaning
    self.use = use
  }
}

/// A component type: what configuration files call it, and its keys, in one place.
struct ComponentSpec: Sendable {
  var kind: ComponentKind
  /// Flume's alias, or the class name where there is none.
  var type: String
  /// Other spellings of the type.
  var otherNames: [String] = []
  /// Where the rules come from.
  var source: String
  var keys: [KeySpec]

  func key(_ name: String) -> KeySpec? {
    keys.first { $0.use != .prefix && $0.name == name }
      ?? keys.first { $0.use == .prefix && name.hasPrefix($0.name) && name.count > $0.name.count }
  }

  func isNamed(_ text: String) -> Bool {
    // Aliases are read without regard to case (Flume: ComponentType enums); class names are exact.
    text.lowercased() == type.lowercased() && !type.contains(".") || text == type || otherNames.contains(text)
  }
}
