import Foundation
import MillBase

/// A copy of examples/population with ports and a data directory of its own, and the executable that runs it.
final class ExampleChain {
  let directory: String
  let kafka: UInt16
  let influx: UInt16
  let page: UInt16
  let api: UInt16
  private(set) var millrace: Executable?
  private let http = HTTPClient()

  /// - Parameter edit: changes a file's text (by its path in the example) before the chain sees it.
  init(edit: (_ path: String, _ text: String) -> String = { $1 }) throws {
    directory = try Files.makeTemporaryDirectory("millrace-chain")
    (kafka, influx, page, api) = try (
      Places.freePort(), Places.freePort(), Places.freePort(), Places.freePort()
    )
    let example = "\(Places.root)/examples/population"
    for path in try FileManager.default.subpathsOfDirectory(atPath: example) where !path.hasPrefix("var") {
      let target = "\(directory)/\(path)"
      if try Files.status("\(example)/\(path)")!.isDirectory {
        try Files.makeDirectory(target)
        continue
      }
      try Files.makeDirectory(Files.split(target).directory)
      let text = try Files.readText("\(example)/\(path)").replacing(":9092", with: ":\(kafka)")
        .replacing(":8086", with: ":\(influx)").replacing(":3000", with: ":\(page)")
        .replacing(":8071", with: ":\(api)")
      try Files.writeAtomically(edit(path, text), to: target)
    }
  }

  deinit {
    millrace?.kill()
    try? Files.removeTree(directory)
  }

  var data: String { "\(directory)/var" }

  func start(_ arguments: [String] = [], environment: [String: String] = [:]) throws {
    millrace = try Executable(Places.millrace, ["run", directory] + arguments, environment: environment)
  }

  func get(_ port: UInt16, _ path: String) throws -> HTTPResponse {
    try http.send(HTTPRequest("GET", "http://127.0.0.1:\(port)\(path)"))
  }

  /// An InfluxQL query at the chain's store, rows of the first series; nil when there is no answer (yet).
  func query(_ text: String, database: String = "case_study", port: UInt16? = nil) -> [[JSONValue]]? {
    let encoded = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
    guard let response = try? get(port ?? influx, "/query?db=\(database)&epoch=ms&q=\(encoded)"),
      let json = try? JSONValue(parsing: response.body)
    else { return nil }
    return json["results"]?[0]?["series"]?[0]?["values"]?.array?.compactMap(\.array)
  }

  /// All record values of a topic, through kcat. It ends at the first fetch that brings nothing, so a fetch must not
  /// wait for the next record.
  func topic(_ name: String) throws -> [String] {
    let (output, status) = try Executable.run(
      "kcat",
      [
        "-b", "127.0.0.1:\(kafka)", "-C", "-t", name, "-e", "-q", "-o", "beginning", "-D", "\n",
        "-X", "fetch.wait.max.ms=10",
      ])
    guard status == 0 else { throw MillError(.refused, "kcat: \(output)") }
    return output.split(separator: "\n").map(String.init)
  }
}
