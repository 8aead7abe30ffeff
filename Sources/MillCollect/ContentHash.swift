import MillBase

/// Knows the content of the document that was written last, also after a restart.
struct ContentHash {
  private let path: String
  private let part: [Substring]
  private var last: String?

  /// - Parameters:
  ///   - path: the file that keeps the hash.
  ///   - part: keys and indices joined by dots; empty = the whole document.
  init(path: String, part: String) throws {
    self.path = path
    self.part = part.split(separator: ".")
    if Files.exists(path) { last = try Files.readText(path, limit: 1024).split(separator: "\n").first.map(String.init) }
  }

  /// The document's hash; without the part, that of the whole document, so that a changed shape counts as a change.
  func hash(_ document: JSONValue) -> String {
    var value: JSONValue? = document
    for step in part {
      let inner = value?[String(step)]
      value = inner ?? Int(step).flatMap { value?[$0] }
    }
    return SHA256.hex((value ?? document).canonicalBytes())
  }

  func isLast(_ hash: String) -> Bool { hash == last }

  /// Remembers the hash of a document that is written. Called after the write: a crash in between writes the document
  /// again, it does not lose it.
  mutating func remember(_ hash: String) throws {
    last = hash
    try Files.writeAtomically(hash + "\n", to: path)
  }
}
