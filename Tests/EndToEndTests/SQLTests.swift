import Foundation
import MillBase
import Testing

extension EndToEnd {
  /// `millrace sql` over a chain that runs, and over what it left.
  @Suite struct SQLTests {
    private func sql(_ words: [String]) throws -> (output: String, status: Int32) {
      try Executable.run(Places.millrace, ["sql"] + words)
    }

    @Test func topicsArchiveAndStoreAreTables() throws {
      let chain = try ExampleChain()
      try chain.start(["--quiet"])
      let rows: Int64? = Places.eventually {
        chain.query("SELECT count(age) FROM \"users\"")?.first?[1].integer.flatMap { $0 > 4 ? $0 : nil }
      }
      #expect(rows != nil, "\(chain.millrace!.output)")
      func count(_ table: String) throws -> Int {
        let (output, status) = try sql([chain.directory, "--format", "csv", "-e", "SELECT count(*) n FROM \(table)"])
        #expect(status == 0, "\(output)")
        return Int(output.split(separator: "\n").last ?? "") ?? -1
      }
      let whileRunning = (topic: try count("topic.users"), store: try count("store.users"))
      #expect(whileRunning.topic > 0 && whileRunning.store > 4)
      #expect(chain.millrace!.interrupt() == 0)

      let tables = try sql([chain.directory, "--format", "csv", "-e", "SHOW TABLES"]).output
      for table in ["topic,pop,", "topic,users,", "archive,case_pop,", "archive,case_users,", "store,users,"] {
        #expect(tables.contains("\(table)false\n"), "\(tables)")
      }
      let after = (topic: try count("topic.users"), store: try count("store.users"))
      #expect(after.topic >= whileRunning.topic && after.store >= whileRunning.store)
      #expect(try count("archive.case_users") == after.topic)
      // Each person of the topic's documents is a point.
      let people = """
        (SELECT explode(from_json(CAST(value AS STRING), 'results ARRAY<STRUCT<nat: STRING>>').results) FROM topic.users)
        """
      #expect(try count(people) == after.store)
      let twice = try sql([chain.directory, "-e", "SELECT * FROM users"])
      #expect(twice.output.contains("write topic.users or store.users") && twice.status == 78)
    }

    @Test(arguments: [
      (
        "table", "SELECT 1 AS a, 'x' AS `long name`, CAST(NULL AS INT) AS n",
        "+---+-----------+------+\n| a | long name | n    |\n+---+-----------+------+\n| 1 | x         | NULL |\n+---+-----------+------+\n"
      ),
      ("table", "SELECT 1 AS a WHERE false", "+---+\n| a |\n+---+\n+---+\n"),
      (
        "csv", "SELECT 'a,b' AS x, '' AS y, NULL AS z, 'say \"so\"' AS q", "x,y,z,q\n\"a,b\",\"\",,\"say \"\"so\"\"\"\n"
      ),
      ("csv", "SELECT 1 AS a WHERE false", "a\n"),
      (
        "json", "SELECT explode(array(1, 2)) AS x, struct('é' AS s) AS y",
        "{\"x\":1,\"y\":{\"s\":\"é\"}}\n{\"x\":2,\"y\":{\"s\":\"é\"}}\n"
      ),
      ("csv", "CREATE VIEW v AS SELECT 2 AS two; SELECT two FROM v; SELECT two + 1 AS three FROM v", ""),
      (
        "csv", "CREATE TEMP VIEW v AS SELECT 2 AS two; SELECT two FROM v; SELECT two + 1 AS three FROM v",
        "two\n2\nthree\n3\n"
      ),
      ("csv", "CREATE TEMP VIEW v AS SELECT 1 AS a; DROP VIEW v; SHOW VIEWS", "namespace,viewName,isTemporary\n"),
      (
        "csv", "SET TIME ZONE 'Asia/Tokyo'; SELECT TIMESTAMP '2024-01-01 00:00:00Z' AS t, 1 AS n",
        "t,n\n2024-01-01 09:00:00,1\n"
      ),
      (
        "json", "SET TIME ZONE 'Asia/Tokyo'; SELECT TIMESTAMP '2024-01-01 00:00:00Z' AS t",
        "{\"t\":\"2024-01-01T00:00:00.000Z\"}\n"
      ),
      ("csv", "DESCRIBE QUERY SELECT 1 AS a, array('b') AS c", "col_name,data_type\na,int\nc,array<string>\n"),
    ])
    func formats(_ format: String, _ statements: String, _ wanted: String) throws {
      let (output, status) = try sql(["--format", format, "-e", statements])
      if wanted.isEmpty {
        #expect(status == 78 && output.contains("only temporary views"), "\(output)")
      } else {
        #expect(output == wanted && status == 0)
      }
    }

    @Test(arguments: [
      (["-e", "SELECT nothing"], 78, "line 1:8"), (["-e", "SELECT 1; SELEC 2"], 78, "line 1:11"),
      (["-e", "SELECT * FROM pop"], 78, "the view pop does not exist"), (["-e", "SELECT 1/0"], 1, "DIVIDE_BY_ZERO"),
      (["-e", "SELECT 1", "--format", "tabel"], 78, "did you mean 'table'?"), (["-e", "a", "-f", "b"], 78, "exclude"),
      (["/nonexistent", "-e", "SELECT 1"], 78, "there is no such directory"),
      (["-e", "SELECT * FROM text", "--bootstrap-server", "127.0.0.1:1"], 1, "check that Kafka runs"),
    ])
    func problems(_ words: [String], _ status: Int32, _ text: String) throws {
      let result = try sql(words)
      #expect(result.status == status && result.output.contains(text), "\(result)")
    }

    @Test func statementsOfAFileAndOfAPipe() throws {
      let directory = try Files.makeTemporaryDirectory("millrace-sql")
      defer { try? Files.removeTree(directory) }
      let file = "\(directory)/a.sql"
      try Files.writeAtomically("-- one\nSELECT 1 AS a;\n\nSELECT b;\n", to: file)
      let (output, status) = try sql(["--format", "csv", "-f", file])
      #expect(status == 78 && output.hasPrefix("a\n1\n") && output.contains("\(file):4:8: "), "\(output)")
    }

    @Test(.enabled(if: Python.isInstalled, "skipped: no .venv (scripts/setup.sh test)"))
    func theShellAtATerminal() throws {
      let (output, status) = try Python.run(script: "sql_shell.py", Places.millrace)
      #expect(status == 0 && output.hasSuffix("history ok\n"), "\(output)")
    }
  }
}
