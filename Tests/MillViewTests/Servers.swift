import Glibc
import MillBase
import MillStore
import MillView
import Synchronization

/// A data source that answers what the test says and remembers what it was asked.
final class StoreDouble: Sendable {
  struct State {
    var requests: [HTTPRequest] = []
    var answer: @Sendable (HTTPRequest) -> HTTPResponse = { _ in .json(["results": [["statement_id": 0]]]) }
  }
  let state = Shared(State())
  let server: HTTPServer

  init(_ answer: (@Sendable (HTTPRequest) -> HTTPResponse)? = nil) throws {
    if let answer { state.withLock { $0.answer = answer } }
    server = try HTTPServer(listen: Address("127.0.0.1:0")) { [state] request in
      let answer = state.withLock { state in
        state.requests.append(request)
        return state.answer
      }
      return answer(request)
    }
  }

  var requests: [HTTPRequest] { state.withLock { $0.requests } }

  func source(_ credentials: DataSource.Credentials = .none, usesPost: Bool = false) -> DataSource {
    DataSource(
      name: "Store", uid: "millrace", url: "http://\(server.address)", database: "case_study", credentials: credentials,
      usesPost: usesPost)
  }
}

/// A mutex that closures can hold.
final class Shared<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>
  init(_ value: Value) { mutex = Mutex(value) }
  func withLock<Result: Sendable>(_ body: (inout sending Value) throws -> sending Result) rethrows -> Result {
    try mutex.withLock(body)
  }
}

/// The example's two measurements, in a server that speaks InfluxDB's HTTP API.
enum ExampleData {
  static let years: [Int64: Int64] = [2013: 311_536_591, 2018: 322_903_030, 2021: 329_725_481, 2022: 331_097_593]

  /// 60 users, one each second up to `now`: as many from each of four countries, every third one female.
  static func write(to url: String, now: Int64) throws {
    let client = HTTPClient()
    func post(_ path: String, _ body: String) throws {
      let response = try client.send(HTTPRequest("POST", url + path, body: Array(body.utf8)))
      guard response.status < 300 else {
        throw MillError(.refused, "\(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
      }
    }
    try post("/query?q=CREATE%20DATABASE%20case_study", "")
    var lines = years.map { year, count in
      let time = Clock.daysSinceEpoch(year: year, month: 1, day: 1) * 86_400_000
      return
        "population_data,ID_Nation=01000US,Nation=United\\ States,Slug_Nation=united-states,Dataset=acs_yg_total_population_5 "
        + "Population=\(count)i,ID_Year=\(year)i \(time)"
    }
    for index in 0..<60 {
      let nat = ["DE", "FR", "IR", "US"][index % 4]
      let gender = index % 3 == 0 ? "female" : "male"
      lines.append(
        "users,nat=\(nat),gender=\(gender) age=\(20 + index)i,user=\"u\(index)\",name=\"Zoë \(index)\",city=\"Köln\","
          + "country=\"Germany\" \(now - Int64(59 - index) * 1000)")
    }
    try post("/write?db=case_study&precision=ms", lines.joined(separator: "\n"))
  }
}

/// The built-in store on a free port.
struct BuiltInStore {
  let server: StoreServer
  var url: String { "http://\(server.address)" }

  init() throws {
    let engine = try StoreEngine(directory: Files.makeTemporaryDirectory("millrace-view-store"))
    server = try StoreServer(engine: engine, listen: Address("127.0.0.1:0"))
  }
}

/// Debian's InfluxDB 1.6.7 as a child process; it ends with the pipe that this process holds. The shell does not wait
/// for it: test runners block SIGCHLD, and dash would wait for ever.
final class RealInflux {
  static let isInstalled = Command.exists("influxd", package: "influxdb")
  let url: String
  private let pipe: UnsafeMutablePointer<FILE>

  init() throws {
    let directory = try Files.makeTemporaryDirectory("millrace-view-influxd")
    // Freed again at once: the server takes the port a moment later.
    func freePort() throws -> UInt16 {
      let server = try HTTPServer(listen: Address("127.0.0.1:0")) { _ in .text("") }
      defer { server.stop() }
      return server.address.port
    }
    let (port, backup) = (try freePort(), try freePort())
    try Files.writeAtomically(
      """
      reporting-disabled = true
      bind-address = "127.0.0.1:\(backup)"
      [meta]
      dir = "\(directory)/meta"
      [data]
      dir = "\(directory)/data"
      wal-dir = "\(directory)/wal"
      [http]
      bind-address = "127.0.0.1:\(port)"
      log-enabled = false
      [monitor]
      store-enabled = false
      """, to: "\(directory)/influxdb.conf")
    url = "http://127.0.0.1:\(port)"
    let script = "influxd run -config \(directory)/influxdb.conf >\(directory)/log 2>&1 & read _; kill -KILL $!; exit 0"
    guard let pipe = popen(script, "w") else { throw System.error("start influxd", directory) }
    self.pipe = pipe
    for _ in 0..<600 {
      if let response = try? HTTPClient().send(HTTPRequest("GET", url + "/ping")), response.status < 300 { return }
      usleep(50_000)
    }
    throw MillError(.unreachable, "influxd did not begin to answer; see \(directory)/log")
  }

  deinit { pclose(pipe) }
}

enum Command {
  /// Says so when it is missing: the tests that need it are skipped.
  static func exists(_ name: String, package: String) -> Bool {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin"
    let isThere = path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    if !isThere { print("skipped: \(name) is not installed (Debian package \(package))") }
    return isThere
  }

  /// Standard output of a shell command.
  static func output(_ command: String) throws -> String {
    guard let pipe = popen(command, "r") else { throw System.error("start", command) }
    defer { pclose(pipe) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, pipe)
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
