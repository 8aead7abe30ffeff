import Testing

@testable import MillBase

@Suite struct YAMLNodeTests {
  @Test func treeWithLines() throws {
    let node = try YAMLNode(
      parsing: """
        # a comment
        collect:
          - name: pop
            url: "https://x/?a=1#b"
            interval: 5
            headers: {A: 'b', C: ~}
        text: |
          two
          lines
        on: yes
        """, file: "pipeline.yaml")
    let first = node["collect"]!.items![0]
    #expect(first["name"]?.string == "pop" && first["name"]?.line == 3)
    #expect(first["url"]?.string == "https://x/?a=1#b")
    #expect(first["interval"]?.integer == 5 && first["interval"]?.double == 5)
    #expect(first["headers"]?["A"]?.string == "b" && first["headers"]?["C"]?.isNull == true)
    #expect(node["text"]?.string == "two\nlines\n" && node["text"]?.line == 7)
    #expect(node["on"]?.bool == true)
    #expect(node.pairs?.map(\.line) == [2, 7, 10])
    #expect("\(first["url"]!.error("wrong", wayOut: "mend it"))" == "pipeline.yaml:4: wrong; mend it")
  }

  @Test(arguments: [
    ("a: 1\na: 2", "f.yaml:2: 'a' is here twice (first in line 1)"),
    ("a:\n  b: [1, 2\nc: 3", "f.yaml:3"), ("a: *x", "f.yaml:1"), ("a:\n\t- b", "f.yaml:2"), ("a: b: c", "f.yaml:1"),
    ("? [1]\n: 2", "f.yaml:1: a key must be plain text"), ("a: \"x", "f.yaml:"), ("\u{1}", "f.yaml:"),
    ("x: &a {b: 1}\ny:\n  <<: *a", "f.yaml:3: merge keys"), ("a: &x [*x]", "f.yaml:1"),
    (String(repeating: "[", count: 200) + String(repeating: "]", count: 200), "f.yaml:1: nested deeper than 100"),
  ])
  func errorsNameTheLine(text: String, start: String) {
    let error = #expect(throws: MillError.self) { try YAMLNode(parsing: text, file: "f.yaml") }
    #expect(error?.code == .configuration)
    #expect("\(error!)".hasPrefix(start), "\(error!)")
  }

  @Test func aliasesAreCopies() throws {
    let node = try YAMLNode(parsing: "a: &x {b: 1}\nc: *x")
    #expect(node["c"]?["b"]?.integer == 1)
  }

  /// Ten lines that stand for ten billion nodes.
  @Test func aliasBombIsRefused() {
    var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    for level in 1..<10 {
      text += "a\(level): &a\(level) [\(repeatElement("*a\(level - 1)", count: 10).joined(separator: ","))]\n"
    }
    let error = #expect(throws: MillError.self) { try YAMLNode(parsing: text) }
    #expect("\(error!)".contains("more than 1000000 nodes"))
  }

  @Test(arguments: [
    ("", "{}"), ("# only\n", "{}"), ("~", "null"), ("5", "5"), ("'5'", "\"5\""), ("1.5", "1.5"), ("true", "true"),
    ("\"true\"", "\"true\""), ("a: [x, 1, null, {b: no}]", #"{"a":["x",1,null,{"b":false}]}"#), ("0123", "\"0123\""),
    ("a: ü", #"{"a":"ü"}"#),
  ])
  func asJSON(text: String, json: String) throws {
    #expect(try YAMLNode(parsing: text).json.text() == json)
  }
}
