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

/// The candidate that differs in the fewest letters, when it is close enough to be a slip.
func nearest(_ word: String, in candidates: [String]) -> String? {
  let limit = max(2, word.count / 3)
  return candidates.map { (name: $0, distance: editDistance(word.lowercased(), $0.lowercased())) }
    .filter { $0.distance <= limit }
    .min { $0.distance < $1.distance }?.name
}

private func editDistance(_ a: String, _ b: String) -> Int {
  let a = Array(a)
  let b = Array(b)
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let above = row[j + 1]
      row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.count]
}
