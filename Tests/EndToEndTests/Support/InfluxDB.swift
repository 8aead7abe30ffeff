import Foundation
import MillBase

/// A real InfluxDB 1.x on a port of its own.
final class InfluxDB {
  static let isInstalled = Executable.find("influxd") != nil
  let port: UInt16
  private let directory: String
  private var server: Executable?
  private let http = HTTPClient()

  init() throws {
    directory = try Files.makeTemporaryDirectory("millrace-influxdb")
    port = try Places.freePort()
    let configuration = """
      reporting-disabled = true
      bind-address = "127.0.0.1:\(try Places.freePort())"
      [meta]
        dir = "\(directory)/meta"
      [data]
        dir = "\(directory)/data"
        wal-dir = "\(directory)/wal"
      [http]
        bind-address = "127.0.0.1:\(port)"
        log-enabled = false
      """
    try Files.writeAtomically(configuration, to: "\(directory)/influxdb.conf")
  }

  deinit {
    stop()
    try? Files.removeTree(directory)
  }

  var url: String { "http://127.0.0.1:\(port)" }

  func start() throws {
    let server = try Executable("influxd", ["run", "-config", "\(directory)/influxdb.conf"])
    self.server = server
    let up: Void? = Places.eventually { (try? http.send(HTTPRequest("GET", "\(url)/ping")))?.status == 204 ? () : nil }
    guard up != nil else { throw MillError(.unreachable, "influxd does not start: \(server.output)") }
  }

  func stop() {
    server?.kill()
    server = nil
  }

  func createDatabase(_ name: String) throws {
    let response = try http.send(HTTPRequest("POST", "\(url)/query?q=CREATE%20DATABASE%20\(name)"))
    guard response.status == 200 else { throw MillError(.refused, "status \(response.status)") }
  }
}
