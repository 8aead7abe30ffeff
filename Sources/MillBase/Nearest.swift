/// Proposes the name that was probably meant.
public enum Nearest {
  /// The candidate with the fewest edits, when it is near enough to be a slip (a third of the length, at least 1).
  public static func name(to name: String, among candidates: some Sequence<String>) -> String? {
    var best: (distance: Int, name: String)?
    for candidate in candidates {
      let distance = edits(Array(name.lowercased().utf8), Array(candidate.lowercased().utf8))
      if distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    guard let best, best.distance <= max(1, name.utf8.count / 3) else { return nil }
    return best.name
  }

  /// `did you mean 'x'?`, or the known names when none is near.
  public static func advice(for name: String, among candidates: [String]) -> String {
    if let near = self.name(to: name, among: candidates) { return "did you mean '\(near)'?" }
    return "known are " + candidates.sorted().joined(separator: ", ")
  }

  /// Levenshtein distance, neighbouring letters swapped counting as one edit.
  private static func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i]
      for j in 1...b.count {
        var cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, beforeLast[j - 2] + 1) }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
