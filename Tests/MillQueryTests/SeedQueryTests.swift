import MillBase
import MillColumns
import Testing

@testable import MillQuery

/// The recorded documents through the seed's query, against what Spark 4.0.1 gave.
@Suite struct SeedQueryTests {
  /// As Python's json.dumps writes: a space after `,` and `:`, everything but ASCII escaped.
  private static func pythonText(_ value: JSONValue) -> String {
    switch value {
    case .array(let items): return "[" + items.map(pythonText).joined(separator: ", ") + "]"
    case .object(let object):
      return "{" + object.map { "\(pythonText(.string($0.key))): \(pythonText($0.value))" }.joined(separator: ", ")
        + "}"
    case .string:
      return value.text().utf16.reduce(into: "") { text, unit in
        let hex = String(unit, radix: 16)
        text +=
          unit < 128 ? String(Unicode.Scalar(UInt8(unit))) : "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      }
    case .double(let number):
      return number == number.rounded() && abs(number) < 1e16 ? "\(Int64(number)).0" : "\(number)"
    default: return value.text()
    }
  }

  private static func documents() throws -> [(name: String, text: String)] {
    let folder = sharedDirectory! + "/data"
    let names = try JSONValue(parsing: Files.readText("\(folder)/ref/spark_4.0.1_seed_query_output.json")).object!.keys
    let files = names.filter { Files.exists("\(folder)/\($0)") }
    let recorded = try files.map { ($0, pythonText(try JSONValue(parsing: Files.readText("\(folder)/\($0)")))) }
    let whole = recorded.first { $0.0 == "datausa_nation_2022_ravdin.json" }!.1
    return recorded + [
      ("nation2022 cut at 1000 chars", String(whole.prefix(1000))),
      ("rest after the cut", String(whole.dropFirst(1000))),
      ("empty", ""),
    ]
  }

  @Test(.enabled(if: sharedDirectory != nil, "skipped: the folder shared with the recorded documents is missing"))
  func recordedDocumentsGiveSparksRows() throws {
    let golden = try JSONValue(
      parsing: Files.readText("\(sharedDirectory!)/data/ref/spark_4.0.1_seed_query_output.json")
    ).object!
    let query = try overTopic(seedSelect)
    let documents = try Self.documents()
    #expect(golden.keys.count - documents.count <= 1)
    for (name, text) in documents {
      let output = try query.process(records([text])).batch
      let wanted = golden[name]!.array!
      #expect(output.count == wanted.count, "\(name)")
      for (row, wanted) in wanted.enumerated() where row < output.count {
        let made = try JSONValue(parsing: output.rowJSON(row))
        #expect(made == wanted, "\(name), row \(row)")
        if made != wanted { break }
      }
    }
    // All at once, with null and blank values in between: the same rows.
    let all = try query.process(records([nil, "  "] + documents.map(\.text))).batch
    #expect(all.count == golden.reduce(0) { $0 + $1.value.array!.count })
  }

  @Test func nullAndBlankValuesGiveNoRowAndAreNotMalformed() throws {
    let output = try overTopic(seedSelect).process(
      records([nil, "", "   ", #"{"data": null}"#, #"{"data": []}"#, "{}"]))
    #expect(output.batch.count == 0)
    #expect(output.malformed == [])
  }

  @Test func cutDocumentsAreReportedWithTheirSlot() throws {
    let output = try overTopic(seedSelect).process(records([#"{"data": [{"Year": "2020"}]}"#, #"{"data": [{"Ye"#]))
    #expect(rows(output.batch) == ["null|null|null|2020|null|null"])
    #expect(output.malformed.map(\.slot) == [1])
  }

  @Test func onlyWhatIsUsedIsRead() throws {
    let query = try overTopic(seedSelect)
    #expect(
      query.planText.hasPrefix("Project [nation_data.`ID Nation` AS ID_Nation"), "\(query.planText)")
    let values = [#"{"data": [{"Year": "2020", "Other": {"a": [1, 2]}}], "source": [{"name": "x"}]}"#]
    #expect(try rows(query.process(records(values)).batch) == ["null|null|null|2020|null|null"])
  }
}
