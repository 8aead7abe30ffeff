import MillBase
import Testing

@testable import MillCollect

@Suite struct SampleAPITests {
  private func withAPI(
    seed: UInt64 = 1, vintageInterval: Duration = .zero,
    _ body: (SampleAPI, (String) throws -> JSONValue) throws -> Void
  ) throws {
    let api = try SampleAPI(listen: Address("127.0.0.1:0"), seed: seed, vintageInterval: vintageInterval)
    defer { api.stop() }
    let client = HTTPClient()
    try body(api) { path in try JSONValue(parsing: client.send(HTTPRequest("GET", "http://\(api.address)\(path)")).body)
    }
  }

  private static let population = "/api/data?drilldowns=Nation&measures=Population"
  private static let tesseract =
    "/tesseract/data.jsonrecords?cube=acs_yg_total_population_5&drilldowns=Nation%2CYear&measures=Population"

  /// The keys in their order and the types; of a list the forms that its items have.
  private func shape(_ value: JSONValue) -> String {
    switch value {
    case .null: return "null"
    case .bool: return "bool"
    case .integer, .bigInteger: return "integer"
    case .double: return "double"
    case .string: return "string"
    case .array(let items): return "[\(Set(items.map(shape)).sorted().joined(separator: "|"))]"
    case .object(let object): return "{\(object.map { "\($0.key):\(shape($0.value))" }.joined(separator: ","))}"
    }
  }

  @Test(
    .enabled(if: Shared.directory != nil, "skipped: the recorded documents are not here"),
    arguments: [(1, "datausa_nation_2020.json"), (3, "datausa_nation_2022_ravdin.json")])
  func populationIsTheRecordedDocument(index: Int, file: String) throws {
    let document = PopulationTable.nationDocument(PopulationTable.vintages[index])
    #expect(try JSONValue(parsing: document) == Shared.json(file))
    // The wire form: 1,620 − 118 characters in 2020 (the seed's json.dump adds a blank after each comma and colon).
    if index == 1 { #expect(try document == Files.readText("\(Shared.directory!)/data/\(file)")) }
  }

  @Test(.enabled(if: Shared.directory != nil, "skipped: the recorded documents are not here"))
  func oneYearFiguresAreTheRecordedOnes() throws {
    let document = try JSONValue(parsing: PopulationTable.nationDocument(PopulationTable.vintages[0]))
    let recorded = try Shared.json("datausa_nation_2019_source_nulled.json")
    #expect(document["data"] == recorded["data"])
    #expect(document["source"]?[0]?["name"] == recorded["source"]?[0]?["name"])
    let states = try Shared.json("datausa_state_latest2018.json")
    #expect(document["source"] == states["source"])
  }

  @Test(.enabled(if: Shared.directory != nil, "skipped: the recorded documents are not here"))
  func tesseractHasTheRecordedShape() throws {
    let document = try JSONValue(parsing: PopulationTable.tesseractDocument(PopulationTable.vintages[3], turn: 0))
    let recorded = try Shared.json("datausa_tesseract_state_acs5_2013_2024_dkucar.json")
    #expect(shape(document) == shape(recorded).replacing("State", with: "Nation"))
    #expect(document["annotations"] == recorded["annotations"])
    let text = PopulationTable.tesseractDocument(PopulationTable.vintages[3], turn: 0)
    #expect(text.contains(#""Year":2013,"Population":311536594.0}"#))
  }

  @Test(.enabled(if: Shared.directory != nil, "skipped: the recorded documents are not here"))
  func usersHaveTheRecordedShape() throws {
    try withAPI { _, get in
      let one = try get("/api/")
      let single = try Shared.json("randomuser_v14_single_codeacademyuz.json")
      #expect(one.object?.keys == single.object?.keys && shape(one["info"]!) == shape(single["info"]!))
      let many = try get("/api/?results=400")
      let recorded = try Shared.json("randomuser_v14_multi_codeacademyuz.json")
      // Every form of a user that was recorded, and no other: postcodes as number and text, ids with and without value.
      #expect(shape(many["results"]!) == shape(recorded["results"]!))
      func nationalities(_ document: JSONValue) -> Set<String> {
        Set(document["results"]!.array!.compactMap { $0["nat"]?.string })
      }
      #expect(nationalities(many) == nationalities(recorded) && nationalities(many).count == 21)
      #expect(one["results"]?.array?.count == 1 && many["results"]?.array?.count == 400)
    }
  }

  @Test func usersHaveManyScripts() throws {
    try withAPI { _, get in
      let text = try get("/api/?results=1000").text()
      for (script, range) in [
        ("Latin with marks", "\u{C0}"..."\u{17F}"), ("Cyrillic", "\u{400}"..."\u{4FF}"),
        ("Arabic", "\u{600}"..."\u{6FF}"),
        ("Devanagari", "\u{900}"..."\u{97F}"),
      ] as [(String, ClosedRange<UnicodeScalar>)] {
        #expect(text.unicodeScalars.contains { range.contains($0) }, "\(script)")
      }
    }
  }

  @Test func everyUserIsNew() throws {
    try withAPI { api, get in
      var ids: [String] = []
      for count in [1, 1, 1, 500, 500] { ids += uuids(try get("/api/?results=\(count)")) }
      #expect(ids.count == 1003 && Set(ids).count == 1003)
      #expect(
        ids.allSatisfy {
          $0.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil
        })
      #expect(api.served().flatMap(\.ids) == ids)
    }
  }

  @Test func sameSeedSameUsers() throws {
    var first: JSONValue?
    try withAPI { _, get in
      let (one, again, page) = (
        try get("/api/?results=3&seed=abc"), try get("/api/?results=3&seed=abc"),
        try get("/api/?results=3&seed=abc&page=2")
      )
      #expect(one == again && one["info"]?["seed"] == "abc")
      #expect(Set(uuids(one)).isDisjoint(with: uuids(page)) && page["info"]?["page"] == 2)
      first = try get("/api/?results=2")
      // An answer without a seed names the seed that gives it again.
      let seed = first!["info"]!["seed"]!.string!
      let named = try get("/api/?results=2&seed=\(seed)")
      #expect(seed.utf8.count == 16 && named == first)
    }
    try withAPI { _, get in
      let same = try get("/api/?results=2")
      #expect(same == first)
    }
    try withAPI(seed: 2) { _, get in
      let other = try get("/api/?results=2")
      #expect(other != first)
    }
  }

  @Test(arguments: [("", 1), ("0", 1), ("-3", 1), ("x", 1), ("5001", 1), ("5000", 5000), ("2", 2)])
  func resultsLimit(asked: String, count: Int) throws {
    try withAPI { _, get in
      let document = try get("/api/?results=\(asked)")
      #expect(document["results"]?.array?.count == count && document["info"]?["results"]?.integer == Int64(count))
    }
  }

  @Test func vintagesMoveOnAndTheLastStays() throws {
    try withAPI(vintageInterval: .milliseconds(300)) { _, get in
      var years: [Int64] = []
      let arrived = try eventually {
        let document = try get(Self.population)
        let year = document["data"]![0]!["ID Year"]!.integer!
        if years.last != year { years.append(year) }
        return year == 2022
      }
      #expect(arrived && years == years.sorted() && years.first == 2019)
      let last = try get(Self.tesseract)
      #expect(last["data"]?.array?.last?["Year"]?.integer == 2022)
    }
  }

  @Test func annotationsChangeTheirOrder() throws {
    try withAPI { _, get in
      let (one, other) = (try get(Self.tesseract), try get(Self.tesseract))
      #expect(one["annotations"]!.bytes() != other["annotations"]!.bytes())
      #expect(one.canonicalBytes() == other.canonicalBytes() && one["data"] == other["data"])
    }
  }

  @Test func unknownQuestionsAreRefused() throws {
    try withAPI { api, _ in
      for path in ["/api/data?drilldowns=State&measures=Population", "/tesseract/data.jsonrecords", "/nothing", "/"] {
        let response = try HTTPClient().send(HTTPRequest("GET", "http://\(api.address)\(path)"))
        #expect(response.status == 404, "\(path)")
      }
    }
  }

  @Test func faultsComeOnce() throws {
    try withAPI { api, _ in
      let client = HTTPClient()
      func ask(_ method: String, _ path: String) throws -> HTTPResponse {
        try client.send(HTTPRequest(method, "http://\(api.address)\(path)"))
      }
      for query in ["status=503&retryAfter=7", "cut=10&count=2", "html"] {
        let response = try ask("POST", "/faults?\(query)")
        #expect(response.status == 200)
      }
      let wrong = try ask("POST", "/faults?what")
      #expect(wrong.status == 400)
      let answers = try (0..<5).map { _ in try ask("GET", "/api/") }
      #expect(answers.map(\.status) == [503, 200, 200, 200, 200])
      #expect(answers[0].headers["Retry-After"] == "7")
      #expect(answers[1].body.count == 10 && answers[2].body.count == 10)
      #expect(answers[3].headers["Content-Type"] == "text/html" && answers[4].body.count > 500)
      // Users that went nowhere are not among the served ones.
      #expect(api.served().map(\.ids.count) == [0, 0, 0, 0, 1])
      let list = try JSONValue(parsing: ask("GET", "/served").body)
      #expect(list.array?.count == 5 && list[0]?["status"]?.integer == 503)
      #expect(list[4]?["hash"]?.string == SHA256.hex(answers[4].body))
    }
  }

  /// The two rooms together: what the API served with success is what the spool has.
  @Test func everyServedDocumentIsSpooledOnce() throws {
    try withDirectory { directory in
      let api = try SampleAPI(listen: Address("127.0.0.1:0"), seed: 3)
      defer { api.stop() }
      api.inject([.status(500), .cut(100), .html, .status(503, retryAfter: 0), .delay(.milliseconds(50)), .cut(0)])
      let setup = try Setup("http://\(api.address)/api/?results=2", in: directory)
      let ran = setup.run { $0.written >= 20 }
      let served = api.served().flatMap(\.ids)
      let spooled = try setup.documents().flatMap { uuids(try JSONValue(parsing: $0)) }
      #expect(ran && spooled.count >= 40 && Set(spooled).count == spooled.count)
      // The last one may have been given up by stopping.
      #expect(spooled == served || spooled == served.dropLast(2))
      #expect(setup.status.failed == 5)
    }
  }
}
