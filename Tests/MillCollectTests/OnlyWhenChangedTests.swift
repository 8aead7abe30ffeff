import MillBase
import Synchronization
import Testing

@testable import MillCollect

@Suite struct OnlyWhenChangedTests {
  /// The same content in another order each time, then another content.
  private static func answer(_ number: Int) -> HTTPResponse {
    let data = number < 10 ? #"{"a":1,"b":[1,2]}"# : #"{"a":1,"b":[2,1]}"#
    let turned = number < 10 ? #"{ "b": [1, 2], "a": 1 }"# : #"{ "b": [2, 1], "a": 1 }"#
    return .text(#"{"served":\#(number),"data":\#(number % 2 == 0 ? data : turned)}"#)
  }

  @Test func orderAndOtherPartsDoNotCount() throws {
    try withDirectory { directory in
      let api = try APIDouble { number, _ in Self.answer(number) }
      let setup = try Setup(api.url, in: directory) { configuration in
        configuration.onlyWhenChanged = true
        configuration.changedPart = "data"
      }
      let ran = setup.run { $0.fetched > 15 }
      let documents = try setup.documents()
      #expect(ran && documents.count == 2)
      #expect(documents.map { $0.contains("[1,2]") } == [true, false])
      #expect(setup.status.unchanged == setup.status.fetched - 2)
      #expect(setup.metrics.sum("millrace_collect_unchanged_total") == setup.status.unchanged)
      // After a restart the content is known.
      let again = try APIDouble { _, _ in Self.answer(11) }
      let restarted = try Setup(again.url, in: directory) { configuration in
        configuration.onlyWhenChanged = true
        configuration.changedPart = "data"
      }
      let ranAgain = restarted.run { $0.fetched > 3 }
      #expect(ranAgain && restarted.status.written == 0 && restarted.status.unchanged > 3)
    }
  }

  @Test(arguments: [
    ("", #"{"a":1}"#, #"{ "a": 1 }"#, true), ("", #"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#, true),
    ("", #"{"a":1}"#, #"{"a":1.5}"#, false), ("a.0.b", #"{"a":[{"b":1}],"x":1}"#, #"{"a":[{"b":1}],"x":2}"#, true),
    ("a.0.b", #"{"a":[{"b":1}]}"#, #"{"a":[{"b":2}]}"#, false), ("a", #"{"x":1}"#, #"{"x":2}"#, false),
    ("a", #"{"a":null,"x":1}"#, #"{"a":null,"x":2}"#, true),
  ])
  func comparesThePart(part: String, one: String, other: String, isSame: Bool) throws {
    let hash = try ContentHash(path: "/nowhere", part: part)
    #expect(try (hash.hash(JSONValue(parsing: one)) == hash.hash(JSONValue(parsing: other))) == isSame)
  }
}
