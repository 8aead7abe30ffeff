import MillBase
import Testing

@testable import MillView

struct StatementGuardTests {
  @Test(arguments: [
    "SELECT * FROM m", "select mean(x) from m where y = 'drop database z; delete'",
    "SHOW TAG VALUES FROM m WITH KEY = \"into\"",
    "SELECT x FROM m; SHOW DATABASES;", "SELECT \"into\" FROM /a;DROP b/ WHERE t =~ /;DELETE/",
    "-- a note\nSELECT 1 FROM m",
    "SELECT a / b FROM m /* INTO */", "",
  ])
  func reads(_ query: String) throws { try StatementGuard.check(query) }

  @Test(arguments: [
    "DROP DATABASE x", "SELECT * INTO y FROM m", "SELECT 1 FROM m; DELETE FROM m", "/* SELECT */ CREATE DATABASE x",
    "SELECT 'a' FROM m\n;drop measurement m", "SELECT a / b FROM m; DROP MEASUREMENT \"/\"", "GRANT ALL TO x",
  ])
  func writes(_ query: String) { #expect(throws: MillError.self) { try StatementGuard.check(query) } }

  @Test func lengthIsLimited() throws {
    let head = "SELECT x FROM m WHERE y = '"
    let fitting = head + String(repeating: "a", count: StatementGuard.lengthMax - head.utf8.count - 1) + "'"
    try StatementGuard.check(fitting)
    #expect(throws: MillError.self) { try StatementGuard.check(fitting + " ") }
  }
}
