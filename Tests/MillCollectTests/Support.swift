import Glibc
import MillBase
import Synchronization
import Testing

@testable import MillCollect

/// Where the recorded documents are: the folder `shared` beside the checkout, or what MILLRACE_SHARED names.
enum Shared {
  static let directory: String? = {
    let checkout = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let named = getenv("MILLRACE_SHARED").map { String(cString: $0) }
    let path = named ?? "\(Files.split("/\(checkout)").directory)/shared"
    return Files.exists("\(path)/data") ? path : nil
  }()

  static func json(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: Files.read("\(directory!)/data/\(name)"), file: name)
  }
}

/// Runs the body in a new directory, which is removed afterwards.
func withDirectory(_ body: (String) throws -> Void) throws {
  let directory = try Files.makeTemporaryDirectory("millcollect")
  defer { try? Files.removeTree(directory) }
  try body(directory)
}

/// The users of a document in RandomUser's shape.
func uuids(_ document: JSONValue) -> [String] {
  document["results"]!.array!.compactMap { $0["login"]?["uuid"]?.string }
}

/// Waits until the condition holds; false when it does not within 20 s.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<2000 {
    if try condition() { return true }
    usleep(10_000)
  }
  return false
}

/// An API that answers as a test says, by the number of the request (from 0).
final class APIDouble: Sendable {
  let server: HTTPServer
  private let seen: Monitor<[UInt64]>

  init(_ answer: @escaping @Sendable (Int, HTTPRequest) -> HTTPResponse) throws {
    let count = Atomic(0)
    let seen = Monitor<[UInt64]>([])
    self.seen = seen
    server = try HTTPServer(listen: Address("127.0.0.1:0")) { request in
      seen.withLock { $0.append(Clock.steadyNanoseconds()) }
      return answer(count.add(1, ordering: .relaxed).oldValue, request)
    }
  }

  deinit { server.stop() }

  var url: String { "http://\(server.address)/api" }
  var requests: Int { seen.withLock { $0.count } }
  /// Milliseconds between one request and the next.
  var gaps: [Int] { seen.withLock { times in zip(times.dropFirst(), times).map { Int(($0 - $1) / 1_000_000) } } }
}

/// A collector with a spool of its own below the directory, asking every 20 ms.
struct Setup {
  let collector: Collector
  let metrics = Metrics()
  let spool: String

  init(
    _ url: String, in directory: String, _ change: (inout CollectorConfiguration) -> Void = { _ in }
  ) throws {
    spool = "\(directory)/spool"
    var configuration = CollectorConfiguration(name: "pop", url: url, spool: spool)
    configuration.interval = .milliseconds(20)
    configuration.retryDelayFirst = .milliseconds(1)
    configuration.retryDelayMax = .milliseconds(20)
    change(&configuration)
    collector = try Collector(configuration, stateDirectory: "\(directory)/state", metrics: metrics)
  }

  var status: CollectorStatus { collector.status() }

  /// Runs until the condition holds, then stops.
  func run(until condition: (CollectorStatus) throws -> Bool) rethrows -> Bool {
    collector.start()
    defer { collector.stop() }
    return try eventually { try condition(collector.status()) }
  }

  func files() throws -> [String] { try Files.list(spool) }
  func documents() throws -> [String] { try files().map { try Files.readText("\(spool)/\($0)") } }
  func errors(_ reason: String) -> Int {
    metrics.samples().first { sample in
      sample.name == "millrace_collect_errors_total" && sample.labels.contains { $0 == ("reason", reason) }
    }?.value ?? 0
  }
}
