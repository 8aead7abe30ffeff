import Foundation
import MillBase
import Testing

extension EndToEnd.RealSystems {
  /// The example with its archive in a real HDFS, read back with curl.
  @Suite(.enabled(if: HDFS.address != nil, "skipped: MILLRACE_WEBHDFS names no HDFS (make test-real)"))
  struct HDFSChainTests {
    @Test(.enabled(if: Executable.find("kcat") != nil, "skipped: kcat is not installed"))
    func eachDocumentOfTheTopicsIsInHDFSOnceAfterAnInterrupt() throws {
      let root = "/chain-\(UInt32.random(in: 0...UInt32.max))"
      let chain = try ExampleChain { path, text in
        switch path {
        case "pipeline.yaml":
          text.replacing("archive:\n  root: archive", with: "archive:\n  webhdfs: \(HDFS.address!)\n  user: hdfs")
        case "flume/kafka-to-hdfs.conf":
          // Several files a topic, so that complete ones and open ones are there when the end comes.
          text.replacing("hdfs.path = /", with: "hdfs.path = \(root)/").replacing("Interval = 10", with: "Interval = 2")
        default: text
        }
      }
      try chain.start()
      let arrived: Void? = try Places.eventually {
        try HDFS.files(root).filter { !$0.hasSuffix(".tmp") }.count >= 4 ? () : nil
      }
      #expect(arrived != nil, "nothing complete is in HDFS: \(chain.millrace!.output)")
      #expect(chain.millrace!.interrupt() == 0, "\(chain.millrace!.output)")

      let files = try HDFS.files(root)
      #expect(files.filter { !$0.hasSuffix(".jsonl") } == [])
      let broker = try Executable(
        Places.millrace, ["broker", "--data", "\(chain.data)/log", "--listen", "127.0.0.1:\(chain.kafka)"])
      defer { broker.kill() }
      for topic in ["pop", "users"] {
        let records = try #require(Places.eventually { try? chain.topic(topic) }, "\(broker.output)")
        #expect(records.count >= 4)
        try expectOnce(files.filter { $0.contains("/case_\(topic)/") }.flatMap(HDFS.lines), records)
      }
      #expect(!Files.exists("\(chain.data)/archive"))
    }
  }

  /// A real HDFS, through its REST API and curl: nothing of Millrace's own reads here.
  enum HDFS {
    static let address = ProcessInfo.processInfo.environment["MILLRACE_WEBHDFS"]

    private static func get(_ path: String, _ operation: String) throws -> String {
      let (output, status) = try Executable.run(
        "curl", ["-sL", "\(address!)/webhdfs/v1\(path)?op=\(operation)&user.name=hdfs"])
      guard status == 0 else { throw MillError(.unreachable, "curl: \(output)") }
      return output
    }

    /// All files below a directory; none when it is not there.
    static func files(_ directory: String) throws -> [String] {
      let answer = try JSONValue(parsing: get(directory, "LISTSTATUS"))
      return try (answer["FileStatuses"]?["FileStatus"]?.array ?? []).flatMap { status in
        let path = "\(directory)/\(status["pathSuffix"]!.string!)"
        return status["type"]?.string == "DIRECTORY" ? try files(path) : [path]
      }
    }

    static func lines(_ file: String) throws -> [String] {
      try get(file, "OPEN").split(separator: "\n").map(String.init)
    }
  }
}
