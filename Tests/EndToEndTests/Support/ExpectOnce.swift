import Testing

/// Each text is found as often as expected, in any order.
func expectOnce(_ found: [String], _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) {
  var counts: [String: Int] = [:]
  for text in found { counts[text, default: 0] += 1 }
  for text in expected { counts[text, default: 0] -= 1 }
  let tooMany = counts.filter { $0.value > 0 }
  let missing = counts.filter { $0.value < 0 }
  #expect(
    tooMany.isEmpty && missing.isEmpty,
    """
    of \(expected.count): \(tooMany.count) too often, \(missing.count) missing; \
    \(tooMany.first?.key.prefix(120) ?? "") | \(missing.first?.key.prefix(120) ?? "")
    """, sourceLocation: sourceLocation)
}
