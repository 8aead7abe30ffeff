import MillBase
import Testing

@testable import MillArchive

@Suite struct PathTemplateTests {
  private func expand(
    _ text: String, _ headers: [String: String] = ["timestamp": "1706918399123", "h.1-x": "v"], zone: String = "UTC",
    round: (Int, TimeRules.RoundUnit)? = nil
  ) throws -> String {
    var rules = TimeRules()
    rules.zone = try ZoneRules(named: zone)
    rules.round = round
    return try PathTemplate(text).expand(headers: headers, time: rules)
  }

  @Test func escapes() throws {
    // 2024-02-02T23:59:59.123Z, a Friday.
    #expect(try expand("/a/%Y-%m-%d/%H%M%S") == "/a/2024-02-02/235959")
    #expect(try expand("%t %s %a %A %b %B") == "1706918399123 1706918399 Fri Friday Feb February")
    #expect(
      try expand("%c|%D|%e|%I|%j|%k|%l|%n|%p|%y|%z") == "Fri Feb 2 23:59:59 2024|02/02/24|2|11|033|23|11|2|PM|24|+0000")
    #expect(try expand("%{h.1-x}/%{none}/%%/%q/%{a b}/100%") == "v//%//%{a b}/100%")
    #expect(try expand("%H %z", zone: "America/New_York") == "18 -0500")
    #expect(try expand("%d %H:%M", zone: "GMT+05:30") == "03 05:29")
    #expect(try expand("%H%M%S", round: (10, .minute)) == "235000")
    #expect(try expand("%H%M%S", round: (7, .hour)) == "210000")
    #expect(try expand("%H%M", zone: "Asia/Kolkata", round: (1, .hour)) == "0500")
    #expect(throws: MillError.self) { try expand("%Y", [:]) }
    #expect(throws: MillError.self) { try expand("%Y", ["timestamp": "x"]) }
    #expect(throws: MillError.self) { try PathTemplate("%[other]") }
    #expect(try PathTemplate("%[LOCALHOST]").isConstant)
  }

  @Test func zonesFollowTheirRulesForYearsToCome() throws {
    let berlin = try ZoneRules(named: "Europe/Berlin")
    #expect(berlin.offset(at: 1_700_000_000) == 3600)
    #expect(berlin.offset(at: 1_720_000_000) == 7200)
    // 2050-01-15 and 2050-07-15, past the tables.
    #expect(berlin.offset(at: 2_525_904_000) == 3600)
    #expect(berlin.offset(at: 2_541_542_400) == 7200)
    let sydney = try ZoneRules(named: "Australia/Sydney")
    #expect(sydney.offset(at: 2_525_904_000) == 39_600)
    #expect(sydney.offset(at: 2_541_542_400) == 36_000)
    #expect(throws: MillError.self) { try ZoneRules(named: "Mars/Olympus") }
  }
}
