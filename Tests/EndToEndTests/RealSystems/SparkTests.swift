import Foundation
import MillBase
import Testing

extension EndToEnd.RealSystems {
  /// The same SQL file over the same lines, by a real Spark and by `millrace query`: the same rows, byte for byte.
  @Suite struct SparkTests {
    private static let recorded = [
      "datausa_nation_2019_source_nulled", "datausa_nation_2020", "datausa_nation_2022_ravdin",
      "datausa_state_latest2018", "datausa_tesseract_state_acs5_2013_2024_dkucar", "randomuser_v14_multi_codeacademyuz",
      "randomuser_v14_single_codeacademyuz",
    ]

    @Test func sparkAndMillraceGiveTheSameRows() throws {
      let directory = try Files.makeTemporaryDirectory("millrace-spark")
      defer { try? Files.removeTree(directory) }
      var inputs = [
        "odd": Self.odd.map { Array($0.utf8) }, "sample": try sample(), "bytes": Self.bytes,
        // More than a BIGINT holds: Spark ends with an error, and so do we.
        "overflow": [Array(#"{"data":[{"Population":99999999999999999999}]}"#.utf8)],
      ]
      if let recorded = Places.recorded {
        inputs["recorded"] = try Self.recorded.map { try Self.line(Files.read("\(recorded)/\($0).json")) }
      } else {
        print("skipped: no recorded documents beside the checkout; Spark is compared on the sample and odd ones")
      }
      let example = "\(Places.root)/examples/population"
      let queries = [
        ("pop", "\(example)/population.sql"), ("pop", "\(example)/population-live.sql"),
        ("users", "\(example)/users.sql"), ("pop", "\(Places.root)/scripts/spark/seed_query.sql"),
      ]
      var scripts: [String] = []
      for (input, lines) in inputs.sorted(by: { $0.key < $1.key }) {
        let file = "\(directory)/\(input).jsonl"
        try Files.writeAtomically(lines.flatMap { $0 + [10] }, to: file)
        for (view, path) in queries {
          let script = "\(directory)/\(input)-\(Files.split(path).name)"
          try Files.writeAtomically(Self.overLines(file, view, try Files.readText(path)), to: script)
          scripts.append(script)
        }
      }
      let (output, status) = try Executable.run(Python.path, ["\(Places.root)/scripts/spark/run_sql.py"] + scripts)
      try #require(status == 0, "\(output)")

      for script in scripts {
        let spark = try Self.rows("\(script).spark")
        let (said, status) = try Executable.run(Places.millrace, ["query", script, "--output", "\(script).millrace"])
        if let first = spark.first, first[0] == UInt8(ascii: "[") {
          let refused = String(decoding: first, as: UTF8.self)
          print("\(Files.split(script).name): both end with \(refused)")
          #expect(status != 0 && said.contains(refused), "\(said)")
          continue
        }
        let ours = try Self.rows("\(script).millrace")
        #expect(status == 0 || status == 1)
        #expect(ours.count == spark.count, "\(Files.split(script).name)")
        for (row, (ours, spark)) in zip(ours, spark).enumerated() where ours != spark {
          let (theirs, ours) = (String(decoding: spark, as: UTF8.self), String(decoding: ours, as: UTF8.self))
          Issue.record("\(Files.split(script).name), row \(row + 1):\n  Spark    \(theirs)\n  Millrace \(ours)")
        }
        print("\(Files.split(script).name): \(spark.count) rows")
      }
      try compareDataFrame(directory, Array(inputs.keys))
    }

    /// The seed's query as its Spark program writes it, and what was recorded of Spark 4.0.1.
    private func compareDataFrame(_ directory: String, _ inputs: [String]) throws {
      let files = inputs.map { "\(directory)/\($0).jsonl" }
      let (printed, status) = try Executable.run(Python.path, ["\(Places.root)/scripts/spark/seed_query.py"] + files)
      try #require(status == 0, "\(printed)")
      for input in inputs {
        let frame = try Self.rows("\(directory)/\(input).jsonl.spark")
        #expect(try frame == Self.rows("\(directory)/\(input)-seed_query.sql.millrace"), "\(input)")
      }
      guard let recorded = Places.recorded else { return }
      let reference = try JSONValue(parsing: Files.readText("\(recorded)/ref/spark_4.0.1_seed_query_output.json"))
      let rows = try Files.readText("\(directory)/recorded-seed_query.sql.millrace").split(separator: "\n").map {
        try JSONValue(parsing: String($0))
      }
      let expected = Self.recorded.flatMap { reference["\($0).json"]?.array ?? [] }
      #expect(expected.count > 0 && rows == expected)
    }

    private static func rows(_ file: String) throws -> [ArraySlice<UInt8>] {
      try Files.read(file).split(separator: UInt8(ascii: "\n"))
    }

    /// The script's query over a text file in the place of the topic; each line came at one moment.
    private static func overLines(_ file: String, _ view: String, _ script: String) -> String {
      let query = script[script.firstRange(of: "SELECT")!.lowerBound...]
      return """
        CREATE TEMPORARY VIEW lines USING text OPTIONS (path '\(file)');
        CREATE TEMPORARY VIEW \(view) AS
        SELECT CAST(value AS BINARY) AS value, TIMESTAMP '2024-02-29 12:34:56.789' AS timestamp FROM lines;
        \(query)
        """
    }

    /// A document on one line.
    private static func line(_ document: [UInt8]) -> [UInt8] { document.map { $0 == 10 || $0 == 13 ? 32 : $0 } }

    /// What `millrace sample-api` answers.
    private func sample() throws -> [[UInt8]] {
      let address = "127.0.0.1:\(try Places.freePort())"
      let api = try Executable(Places.millrace, ["sample-api", "--listen", address])
      defer { api.kill() }
      return try ["/api/data?drilldowns=Nation&measures=Population", "/api/?results=50", "/api/?results=1"].map {
        path in
        let body: String? = Places.eventually {
          guard let (output, status) = try? Executable.run("curl", ["-sf", "http://\(address)\(path)"]), status == 0,
            (try? JSONValue(parsing: output)) != nil
          else { return nil }
          return output
        }
        return try Self.line(Array(#require(body, "\(api.output)").utf8))
      }
    }

    /// Documents that are not what the query expects.
    private static let odd = [
      #"{"data":[{"ID Nation":"01000US","Nation":"United States","ID Year":2022,"Year":"2022","Population":331097593,"#,
      #"{"data":[{"Nation":"cut"#, "", " ", "null", "[]", "{}", "7", "\"text\"", "nonsense", "{\"data\":null}",
      #"{"data":[]}"#, #"{"data":{}}"#, #"{"data":[null,{"Nation":"after null"}]}"#, #"{"data":[[]]}"#,
      #"{"data":[{"ID Year":"2022","Population":"331","Year":2022,"Nation":7}]}"#,
      #"{"data":[{"ID Year":2022.0,"Population":3.5,"Year":2021.5,"Nation":true}]}"#,
      #"{"data":[{"ID Year":1e3,"Population":2147483647,"Year":"1999-12-31"}]}"#,
      #"{"data":[{"ID Year":-1,"Population":2147483648,"Year":"not a year"}]}"#,
      #"{"data":[{"ID Year":null,"Population":2147483648.5,"Year":null}]}"#,
      #"{"data":[{"Nation":"first"},{"Population":"x","Nation":"second"},{"Nation":"third"}],"source":[{"name":"s"}]}"#,
      #"{"data":[{"Nation":{"a":[1,2.50,"x"]},"Slug Nation":[1, 2]}],"source":[]}"#,
      #"{"data":[{"Nation":"a","Nation":"b"}],"source":[{"name":1},{"name":2}]}"#,
      #"{"data":[{"nation":"wrong case","YEAR":"2001","population":1}]}"#,
      #"{"data":[{"Nation":"Česko ελλ 日本 😀 \u00e9 \ud83d\ude00 \"q\" \\ \/ \b\f\n\r\t"}],"source":[{"name":"ü"}]}"#,
      #"{"data":[{"Nation":"\ud83d alone"}]}"#, "{\"data\":[{\"Nation\":\"tab\tinside\"}]}",
      #"{'data':[{'Nation':'single quotes'}]}"#, #"{"data":[{"Nation":"comma",}]}"#,
      #"{"data":[{"Nation":"rest"}]} trailing"#, #"{"data":[{"Nation":"one"}]}{"data":[{"Nation":"two"}]}"#,
      #"[{"data":[{"Nation":"in an array"}]}]"#, #" {"data" : [ { "Nation" : "spaces" , "ID Year" : 1 } ] } "#,
      #"{"data":[{"ID Year":007,"Nation":"zeros"}]}"#, #"{"data":[{"ID Year":NaN,"Nation":"nan"}]}"#,
      #"{"data":[{"Year":"2024-02-30","Nation":"no such day"},{"Year":"2024-02-29T23:59:59.5Z"},{"Year":" 2023 "}]}"#,
      #"{"data":[{"Nation ID":"a","Nation":"Live One","Year":2023,"Population":3.34914896E8}]}"#,
      #"{"data":[{"Nation ID":"b","Nation":"Live Two","Year":2013,"Population":1e18},{"Population":12}]}"#,
      #"{"results":[{"gender":"female","name":{"first":"Zoë","last":null},"nat":"FR","dob":{"age":44}}]}"#,
      #"{"results":[{"name":{"first":"Ann"},"dob":{"age":"44"},"login":{"uuid":7},"location":{"postcode":1234}}]}"#,
      #"{"results":[{"name":"text","nat":"DE"},{"name":[],"nat":"NL"},{"name":null,"location":{"city":""}}]}"#,
      #"{"results":[{"name":{"first":"","last":""},"dob":{"age":2.9},"gender":null}],"info":{"seed":"x"}}"#,
      #"{"error":"Uh oh, something has gone wrong."}"#, "<html><body>502 Bad Gateway</body></html>",
    ]

    /// Lines whose bytes are strange: no UTF-8, a NUL, a byte order mark, a carriage return, depth, forms of numbers.
    private static let bytes: [[UInt8]] =
      [
        Array(#"{"data":[{"Nation":"no UTF-8: "#.utf8) + [0xFF, 0xC3, 0x28] + Array(#""}]}"#.utf8),
        Array("{\"data\":[{\"Nation\":\"e\u{301} is not \u{e9}\"}]}".utf8),
        Array("\u{FEFF}{\"data\":[{\"Nation\":\"byte order mark\"}]}".utf8),
        Array("{\"data\":[{\"Nation\":\"carriage return\"}]}\r".utf8),
        Array(
          #"{"data":[{"Nation":\#(String(repeating: "[", count: 200))1\#(String(repeating: "]", count: 200))}]}"#.utf8),
      ]
      + [
        #"{"data":[{"Nation":"nul \u0000 x"}]}"#, #"{"data":[{"Nation":"lone \udc00 low"}]}"#,
        #"{"data":[{"ID Year":1.0E2,"Population":1.5e0},{"ID Year":12e-1}]}"#,
        #"{"data":[{"Nation":1.10,"Year":1e2,"Slug Nation":-0.0}]}"#,
        #"{"data":[{"Nation":12345678901234567890123,"Year":0.1000,"Slug Nation":1E+5}]}"#,
      ].map { Array($0.utf8) }
  }
}
