import MillBase
import Testing

@testable import MillQuery

/// Patterns of names as Hadoop's FileSystem.globStatus has them.
@Suite struct PathGlobTests {
  @Test(
    arguments: [
      ("*", ["", "a", "a.b"], []), ("a*", ["a", "ab"], ["ba", ""]),
      ("*.json", [".json", "a.json"], ["a.json5", "json"]),
      ("a*b*c", ["abc", "axxbyyc", "abcbc"], ["ab", "acb", "abcd"]), ("**", ["", "x"], []),
      ("?", ["a", "ü"], ["", "ab"]),
      ("a?c", ["abc", "a*c"], ["ac", "abbc"]), ("[abc]", ["a", "c"], ["d", "", "ab"]),
      ("[a-c1]x", ["bx", "1x"], ["dx", "-x"]),
      ("[^a-c]", ["d", "^"], ["a", "b"]), ("[!a]", ["b"], ["a"]), ("[-a]", ["-", "a"], ["b"]),
      ("{a,b}", ["a", "b"], ["c", "a,b"]), ("x{a,b{c,d},}y", ["xay", "xbcy", "xbdy", "xy"], ["xby", "xcy"]),
      ("{a,b}{1,2}", ["a1", "b2"], ["a", "12"]), ("\\*", ["*"], ["a", "\\*"]), ("a\\{b", ["a{b"], ["ab"]),
      ("日*", ["日本"], ["本"]),
    ] as [(String, [String], [String])])
  func names(_ pattern: String, _ fitting: [String], _ others: [String]) throws {
    let glob = try PathGlob(pattern)
    for name in fitting { #expect(glob.matches(name: name), "\(name)") }
    for name in others { #expect(!glob.matches(name: name), "\(name)") }
  }

  @Test func braces() throws {
    #expect(try PathGlob("/a/{b/c,d}/*").paths == [["a", "b", "c", "*"], ["a", "d", "*"]])
    #expect(PathGlob.isPattern("/a/*") && !PathGlob.isPattern("/a/b.json"))
  }

  @Test(arguments: ["{a", "a{b,{c}", "[a", "x[", "a{b,[c}"])
  func unclosed(_ pattern: String) {
    let error = #expect(throws: MillError.self) { try PathGlob(pattern) }
    #expect(error?.message.contains("is not closed in the pattern") == true)
  }

  /// Long names and many stars take no exponential time.
  @Test func manyStars() throws {
    let glob = try PathGlob(String(repeating: "a*", count: 50) + "b")
    #expect(!glob.matches(name: String(repeating: "a", count: 5000)))
  }
}
