import MillQuery
import Testing

@Suite struct StatementSplitterTests {
  @Test(arguments: [
    (["SELECT 1;"], ["SELECT 1;"], false), (["SELECT", "1;"], ["SELECT\n1;"], false), (["SELECT 1"], [], true),
    (["SELECT ';';"], ["SELECT ';';"], false), (["SELECT 'a\\';b';"], ["SELECT 'a\\';b';"], false),
    (["SELECT `a\\`; SELECT 2;"], ["SELECT `a\\`;", " SELECT 2;"], false), (["-- a; b"], [], false),
    (["SELECT 1 -- ;", ";"], ["SELECT 1 -- ;\n;"], false), (["/* ; */ SELECT 1;"], ["/* ; */ SELECT 1;"], false),
    (["/* a", "b; */ SELECT 1;"], ["/* a\nb; */ SELECT 1;"], false), ([";;"], [], false), (["SELECT 'open;"], [], true),
  ])
  func endsAreOutsideQuotesAndComments(_ lines: [String], _ wanted: [String], _ isInStatement: Bool) {
    var splitter = StatementSplitter()
    let made = lines.flatMap { splitter.add(line: $0) }
    #expect(made == wanted)
    #expect(splitter.isInStatement == isInStatement)
  }
}
