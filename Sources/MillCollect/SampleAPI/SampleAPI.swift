import MillBase
import Synchronization

/// Answers as the two APIs of the example do, where no Internet is.
///
/// - `GET /api/data?drilldowns=Nation&measures=Population`: DataUSA as the seed asks it (that address is retired). The
///   figures are real; the vintage moves on from 2019 to 2022 while the server runs.
/// - `GET /tesseract/data.jsonrecords?cube=acs_yg_total_population_5&drilldowns=Nation,Year&measures=Population`:
///   DataUSA's new generation, with the same vintages.
/// - `GET /api/?results=N&seed=S&page=P`: RandomUser 1.4, from a seeded generator. Without `seed` each answer has new
///   users.
///
/// For tests: `GET /served` lists what was answered, `POST /faults?…` makes the next answers go wrong (``Fault``).
public final class SampleAPI: Sendable {
  private let server: HTTPServer
  private let core: Core

  /// The address it listens on, with the port that the system chose when 0 was asked for.
  public var address: Address { server.address }

  /// - Parameters:
  ///   - seed: decides which users come. The same seed gives the same users in the same order, from the start; default is
  ///     a new one each time.
  ///   - vintageInterval: how long each vintage of the population stays; the last one stays for good. Default 10 s;
  ///     zero = the last one at once.
  /// - Throws: `MillError.configuration` when the address can't be had.
  public init(listen: Address, seed: UInt64 = .random(in: .min ... .max), vintageInterval: Duration = .seconds(10))
    throws
  {
    let core = Core(seed: seed, vintageInterval: vintageInterval)
    self.core = core
    server = try HTTPServer(listen: listen) { core.answer($0) }
  }

  public func stop() {
    core.stopping.set()
    server.stop()
  }

  /// Makes the next answers to the APIs' addresses go wrong, one for each.
  public func inject(_ faults: [Fault]) { core.faults.withLock { $0 += faults } }

  /// What was answered, oldest first; the last ``servedMax`` are kept.
  public func served() -> [ServedAnswer] { core.served.withLock { $0 } }

  /// Answers that ``served()`` keeps.
  public static let servedMax = 20_000
}

/// One answer of the sample API.
public struct ServedAnswer: Sendable {
  public var path: String
  public var status: Int
  /// SHA-256 of the body in hexadecimal.
  public var hash: String
  /// The users' `login.uuid`; empty for population documents.
  public var ids: [String]
  /// Milliseconds since 1970.
  public var time: Int64
}

extension SampleAPI {
  final class Core: Sendable {
    let stopping = Signal()
    let faults = Mutex<[Fault]>([])
    let served = Mutex<[ServedAnswer]>([])
    private let seed: UInt64
    private let vintageInterval: Duration
    private let start = Clock.steadyNanoseconds()
    /// Answers so far that had no seed of their own.
    private let counter = Atomic(0)
    private let turn = Atomic(0)

    init(seed: UInt64, vintageInterval: Duration) {
      self.seed = seed
      self.vintageInterval = vintageInterval
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
      switch (request.method, request.target) {
      case ("GET", "/api/data"): document(request) { ($0.population($1), []) }
      case ("GET", "/tesseract/data.jsonrecords"): document(request) { ($0.tesseract($1), []) }
      case ("GET", "/api/"), ("GET", "/api"): document(request) { $0.users($1) }
      case ("GET", "/served"): servedList()
      case ("POST", "/faults"): injection(request)
      default:
        .json(
          ["error": .string("there is no \(request.method) \(request.target); see /api/data, /api/, /served")],
          status: 404)
      }
    }

    // MARK: Documents

    private func document(
      _ request: HTTPRequest, _ make: (Core, HTTPRequest) -> (HTTPResponse, ids: [String])
    ) -> HTTPResponse {
      let fault = faults.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      var (response, ids) = make(self, request)
      if let fault { fault.apply(to: &response, stopping) }
      if response.status != 200 || fault?.spoils == true { ids = [] }
      let answer = ServedAnswer(
        path: request.target, status: response.status, hash: SHA256.hex(response.body), ids: ids,
        time: Clock.nowMilliseconds())
      served.withLock { served in
        served.append(answer)
        if served.count > SampleAPI.servedMax { served.removeFirst(served.count / 2) }
      }
      return response
    }

    private var vintage: PopulationTable.Vintage {
      let all = PopulationTable.vintages
      let interval = vintageInterval.milliseconds
      if interval <= 0 { return all.last! }
      let passed = Int((Clock.steadyNanoseconds() - start) / 1_000_000)
      return all[min(passed / interval, all.count - 1)]
    }

    private func population(_ request: HTTPRequest) -> HTTPResponse {
      guard request.parameter("drilldowns") == "Nation", request.parameter("measures") == "Population" else {
        return .json(["error": "this sample has drilldowns=Nation and measures=Population only"], status: 404)
      }
      return .text(PopulationTable.nationDocument(vintage), type: "application/json; charset=utf-8")
    }

    private func tesseract(_ request: HTTPRequest) -> HTTPResponse {
      let drilldowns = Set((request.parameter("drilldowns") ?? "").split(separator: ","))
      guard drilldowns == ["Nation", "Year"], request.parameter("measures") == "Population" else {
        return .json(["error": "this sample has drilldowns=Nation,Year and measures=Population only"], status: 404)
      }
      let turn = turn.add(1, ordering: .relaxed).oldValue
      return .text(PopulationTable.tesseractDocument(vintage, turn: turn), type: "application/json")
    }

    private func users(_ request: HTTPRequest) -> (HTTPResponse, ids: [String]) {
      // As the API does: what can't be right counts as 1.
      let asked = request.parameter("results").flatMap { Int($0) } ?? 1
      let count = (1...UserGenerator.resultsMax).contains(asked) ? asked : 1
      let page = max(1, request.parameter("page").flatMap { Int($0) } ?? 1)
      let given = request.parameter("seed").flatMap { $0.isEmpty ? nil : $0 }
      let seed = given ?? newSeed()
      var generator = UserGenerator(seed: seed, page: page)
      var results: [JSONValue] = []
      var ids: [String] = []
      for _ in 0..<count {
        let (user, uuid) = generator.user()
        results.append(user)
        ids.append(uuid)
      }
      let document: JSONValue = [
        "results": .array(results),
        "info": [
          "seed": .string(seed), "results": .integer(Int64(count)), "page": .integer(Int64(page)), "version": "1.4",
        ],
      ]
      return (.json(document), ids)
    }

    /// 16 hexadecimal digits, another one each time.
    private func newSeed() -> String {
      let number = counter.add(1, ordering: .relaxed).oldValue
      var random = SeededGenerator(text: "\(seed):\(number)")
      return random.hex(16)
    }

    // MARK: Control

    private func servedList() -> HTTPResponse {
      let answers = served.withLock { $0 }
      return .json(
        .array(
          answers.map { answer in
            [
              "path": .string(answer.path), "status": .integer(Int64(answer.status)), "hash": .string(answer.hash),
              "ids": .array(answer.ids.map { .string($0) }), "time": .string(Clock.iso8601(milliseconds: answer.time)),
            ]
          }))
    }

    private func injection(_ request: HTTPRequest) -> HTTPResponse {
      guard let fault = Fault(query: request) else {
        return .json(
          [
            "error":
              "write ?status=503 (with retryAfter=SECONDS) or ?delay=MILLISECONDS or ?cut=BYTES or ?html, and count=N"
          ],
          status: 400)
      }
      let count = min(max(1, request.parameter("count").flatMap { Int($0) } ?? 1), 10_000)
      faults.withLock { $0 += [Fault](repeating: fault, count: count) }
      return .json(["faults": .integer(Int64(count))])
    }
  }
}
