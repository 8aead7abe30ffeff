import Testing

import MillBase

/// What java.util.Properties makes of each text.
@Suite struct JavaPropertiesTests {
  private func parse(_ text: String) throws -> [String] {
    try JavaProperties(parsing: text, file: "f").entries.map { "\($0.line) [\($0.key)]=[\($0.value)]" }
  }

  @Test func grammar() throws {
    #expect(try parse("a = 1") == ["1 [a]=[1]"])
    #expect(try parse("a:1\nb 2\nc\t=\t3") == ["1 [a]=[1]", "2 [b]=[2]", "3 [c]=[3]"])
    #expect(try parse("# no\n ! no\n\na=1 # yes") == ["4 [a]=[1 # yes]"])
    #expect(try parse("a = 1 \nb") == ["1 [a]=[1 ]", "2 [b]=[]"])
    #expect(try parse("a = x \\\n   y\\\n z\nb=1") == ["1 [a]=[x yz]", "4 [b]=[1]"])
    #expect(try parse("a = x\\\\\nb = 1") == ["1 [a]=[x\\]", "2 [b]=[1]"])
    #expect(try parse("p = C:\\temp\\new") == ["1 [p]=[C:\temp\new]"])
    #expect(try parse("a\\ b\\=c = \\u00e4\\q") == ["1 [a b=c]=[äq]"])
    #expect(try parse("a==1\nb=:2\r\nc = = 3\rd=4") == ["1 [a]=[=1]", "2 [b]=[:2]", "3 [c]=[= 3]", "4 [d]=[4]"])
    #expect(try parse("s# Name the agent") == ["1 [s#]=[Name the agent]"])
    #expect(try parse("a=\\") == ["1 [a]=[]"])
    #expect(throws: (any Error).self) { try parse("a=\\u12g4") }
  }
}
