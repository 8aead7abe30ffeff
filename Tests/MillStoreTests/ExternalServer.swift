import Glibc
import MillBase
import MillStore
import Synchronization
import Testing

/// A real server as a child process, on a free port, with a directory of its own. It ends with the tests: a shell
/// holds it and kills it when this process's end of a pipe closes, however that comes about.
final class ExternalServer: Sendable {
  let url: String
  let directory: String
  private let port: UInt16
  private let pipeEnd: Int32
  private let shell: pid_t

  /// The first of the executables that is installed; nil when none is.
  static func find(_ names: String...) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    for name in names {
      for directory in path.split(separator: ":") where access("\(directory)/\(name)", X_OK) == 0 {
        return "\(directory)/\(name)"
      }
    }
    return nil
  }

  /// Below the ports that the system hands out by itself, so that nobody gets it before the server binds it.
  static func freePort() throws -> UInt16 {
    for _ in 0..<100 {
      let port = UInt16.random(in: 20_000..<32_000)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = inet_addr("127.0.0.1")
      address.sin_port = port.bigEndian
      let result = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if result == 0 { return port }
    }
    throw MillError(.system, "no free port between 20000 and 32000")
  }

  /// - Parameter command: the shell command for (port, directory); it must run in the foreground.
  init(
    _ name: String, port: UInt16? = nil, directory: String? = nil, ready path: String = "/ping",
    command: (UInt16, String) throws -> String
  ) throws {
    self.port = try port ?? Self.freePort()
    self.directory = try directory ?? Files.makeTemporaryDirectory("millrace-\(name)")
    url = "http://127.0.0.1:\(self.port)"
    let script =
      "(\(try command(self.port, self.directory))) >'\(self.directory)/log' 2>&1 </dev/null & read _; pkill -KILL -P $!; kill -KILL $!; exit 0"
    (shell, pipeEnd) = try Self.spawning.withLock { _ in try Self.spawn(script) }
    let client = HTTPClient()
    for _ in 0..<600 {
      if let response = try? client.send(HTTPRequest("GET", url + path)), response.status < 300 { return }
      usleep(50_000)
    }
    throw MillError(.unreachable, "\(name) did not begin to answer; see \(self.directory)/log")
  }

  // One at a time, or a child could inherit the end of another one's pipe.
  private static let spawning = Mutex(())

  private static func spawn(_ script: String) throws -> (pid_t, Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw System.error("pipe", script) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    let words = ["/bin/sh", "-c", script]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    let result = posix_spawn(&child, "/bin/sh", &actions, nil, &arguments, environ)
    close(ends[0])
    guard result == 0 else { throw MillError(.system, "can't start: \(String(cString: strerror(result)))") }
    return (child, ends[1])
  }

  /// Kills it and waits for its end. The directory stays.
  func kill() {
    close(pipeEnd)
    var status: Int32 = 0
    waitpid(shell, &status, 0)
  }
}

/// InfluxDB 1.x, as Debian packages it.
enum RealInflux {
  static let executable = ExternalServer.find("influxd")
  static var isInstalled: Bool {
    if executable == nil { print("skipped: influxd is not installed (Debian package influxdb)") }
    return executable != nil
  }

  /// Started once, when first used.
  static let shared = Result { try start() }

  static func start(port: UInt16? = nil, directory: String? = nil) throws -> ExternalServer {
    try ExternalServer("influxd", port: port, directory: directory) { port, directory in
      let rpc = try ExternalServer.freePort()
      try Files.writeAtomically(
        """
        reporting-disabled = true
        bind-address = "127.0.0.1:\(rpc)"
        [meta]
        dir = "\(directory)/meta"
        [data]
        dir = "\(directory)/data"
        wal-dir = "\(directory)/wal"
        query-log-enabled = false
        [http]
        bind-address = "127.0.0.1:\(port)"
        log-enabled = false
        [monitor]
        store-enabled = false
        [subscriber]
        enabled = false
        [continuous_queries]
        enabled = false
        """, to: "\(directory)/influxdb.conf")
      return "exec \(executable!) run -config \(directory)/influxdb.conf"
    }
  }
}

/// VictoriaMetrics, as Debian packages it.
enum RealVictoria {
  static let executable = ExternalServer.find("victoria-metrics")
  static var isInstalled: Bool {
    if executable == nil { print("skipped: victoria-metrics is not installed (Debian package victoria-metrics)") }
    return executable != nil
  }

  static func start() throws -> ExternalServer {
    try ExternalServer("victoria", ready: "/health") { port, directory in
      "exec \(executable!) -storageDataPath=\(directory)/data -httpListenAddr=127.0.0.1:\(port) -retentionPeriod=100y"
    }
  }
}

/// A built-in store in a directory of its own, served over HTTP.
final class ServedStore: Sendable {
  let engine: StoreEngine
  let server: StoreServer
  let directory: String
  var url: String { "http://\(server.address)" }

  init(options: StoreEngine.Options = .init()) throws {
    directory = try Files.makeTemporaryDirectory("millrace-store")
    engine = try StoreEngine(directory: directory, options: options)
    server = try StoreServer(engine: engine, listen: Address(host: "127.0.0.1", port: 0))
  }

  deinit {
    server.stop()
    try? engine.close()
    try? Files.removeTree(directory)
  }
}

/// Asks a server with InfluxDB's API.
struct InfluxAPI: Sendable {
  let url: String
  private let client = HTTPClient()

  init(_ url: String) { self.url = url }

  func query(
    _ query: String, database: String = "t", method: String = "GET", more: [(name: String, value: String)] = [],
    accept: String? = nil
  ) throws -> HTTPResponse {
    let parameters = [(name: "db", value: database), (name: "q", value: query)] + more
    var request = HTTPRequest(method, "\(url)/query?\(PercentEncoding.encode(query: parameters))")
    request.headers["Accept"] = accept
    return try client.send(request)
  }

  func write(_ lines: String, database: String = "t", precision: String = "s") throws -> HTTPResponse {
    let parameters = [(name: "db", value: database), (name: "precision", value: precision)]
    return try client.send(
      HTTPRequest("POST", "\(url)/write?\(PercentEncoding.encode(query: parameters))", body: Array(lines.utf8)))
  }

  func send(_ method: String, _ path: String, headers: HTTPHeaders = [:], body: String = "") throws -> HTTPResponse {
    try client.send(HTTPRequest(method, url + path, headers: headers, body: Array(body.utf8)))
  }
}

extension HTTPResponse {
  var text: String { String(decoding: body, as: UTF8.self) }
}
