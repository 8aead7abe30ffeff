import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// Promise 4: servers are seen on loopback only, and a secret in the environment is seen nowhere.
  @Suite struct SafetyTests {
    @Test func everyServerListensOnLoopbackOnly() throws {
      let chain = try ExampleChain()
      try chain.start()
      let up: Void? = Places.eventually { (try? chain.get(chain.page, "/readyz"))?.status == 200 ? () : nil }
      #expect(up != nil, "\(chain.millrace!.output)")
      let inodes = Set(try socketInodes(of: chain.millrace!.pid))
      for table in ["tcp", "tcp6"] {
        for line in try Files.readText("/proc/\(chain.millrace!.pid)/net/\(table)").split(
          separator: "\n"
        ).dropFirst() {
          let columns = line.split(separator: " ")
          // State 0A is LISTEN; the address is little-endian hexadecimal.
          guard columns[3] == "0A", inodes.contains(String(columns[9])) else { continue }
          let isLoopback =
            columns[1].hasPrefix("0100007F:") || columns[1].hasPrefix("0000000000000000FFFF00000100007F:")
            || columns[1].hasPrefix("00000000000000000000000001000000:")
          #expect(isLoopback, "listens on \(columns[1])")
        }
      }
      #expect(!inodes.isEmpty)
    }

    @Test(arguments: ["broker", "store", "view", "sample-api"])
    func aServerBeyondLoopbackIsRefused(_ command: String) throws {
      let data = try Files.makeTemporaryDirectory("millrace-refused")
      defer { try? Files.removeTree(data) }
      var words = [command, "--listen", "0.0.0.0:\(try Places.freePort())"]
      if ["broker", "store"].contains(command) { words += ["--data", data] }
      let result = try Executable.run(Places.millrace, words)
      #expect(result.status == 78)
      #expect(result.output.contains("which other machines can reach"), "\(result.output)")
    }

    @Test func aTokenShowsUpNowhere() throws {
      let token = "tok3n-that-nobody-may-see"
      // A store that refuses: the token goes out with each request, and every failure is reported.
      let server = try HTTPServer(listen: Address(host: "127.0.0.1", port: 0)) { request in
        .json(
          ["code": "unauthorized", "message": .string("not \(request.headers["Authorization"] ?? "")")], status: 401)
      }
      defer { server.stop() }
      let chain = try ExampleChain { path, text in
        switch path {
        case "pipeline.yaml":
          text.replacing(
            /store:\n  listen: .*\n/,
            with: "store:\n  url: http://\(server.address)\n  version: 2\n  organization: o\n  token: ${INFLUX_TOKEN}\n"
          )
        case "apis/sample.yaml":
          text.replacing("spool: spool/users", with: "spool: spool/users\n    headers: {X-Key: \"${API_TOKEN}\"}")
        default: text
        }
      }
      try chain.start(environment: ["INFLUX_TOKEN": token, "API_TOKEN": token])
      let refused: Void? = Places.eventually { chain.millrace!.output.contains("401") ? () : nil }
      #expect(refused != nil, "\(chain.millrace!.output)")
      for path in ["/", "/chain", "/api/chain", "/metrics", "/healthz", "/readyz", "/alerts"] {
        let body = String(decoding: try chain.get(chain.page, path).body, as: UTF8.self)
        #expect(!body.contains(token), "\(path) shows the token")
      }
      chain.millrace!.kill()
      #expect(!chain.millrace!.output.contains(token), "the log shows the token")
      for path in try FileManager.default.subpathsOfDirectory(atPath: chain.data) {
        guard try Files.status("\(chain.data)/\(path)")?.isDirectory == false else { continue }
        #expect(try !Files.readText("\(chain.data)/\(path)").contains(token), "\(path) holds the token")
      }
      let checked = try Executable.run(
        Places.millrace, ["check", chain.directory], environment: ["INFLUX_TOKEN": token, "API_TOKEN": token])
      #expect(checked.status == 0 && !checked.output.contains(token), "\(checked.output)")
    }

    private func socketInodes(of pid: Int32) throws -> [String] {
      try Files.list("/proc/\(pid)/fd").compactMap { name in
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)"))
          .flatMap { $0.hasPrefix("socket:[") ? String($0.dropFirst(8).dropLast()) : nil }
      }
    }
  }
}
