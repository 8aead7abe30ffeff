import MillBase
import Testing

@testable import MillQuery

/// Every mistake is named with its line and column, and the way out.
@Suite struct ParserErrorTests {
  private func message(_ script: String) -> String {
    do {
      _ = try CompiledQuery(script: script, file: "q.sql")
      return "no error"
    } catch { return "\(error)" }
  }

  private static let view = """
    CREATE TEMPORARY VIEW pop USING kafka OPTIONS (kafka.bootstrap.servers 'h:9092', subscribe 'pop');

    """

  @Test(arguments: [
    // Names
    ("SELECT vlaue FROM pop", "q.sql:2:8: the column vlaue can't be found; did you mean value?"),
    ("SELECT p.vlaue FROM pop p", "q.sql:2:8: the column p.vlaue can't be found; did you mean value?"),
    ("SELECT value FROM pob", "q.sql:2:19: the view pob does not exist; did you mean pop?"),
    (
      "SELECT s.frist FROM (SELECT named_struct('first', 1) AS s FROM pop)",
      "q.sql:2:8: the field frist can't be found in STRUCT<first: INT>; did you mean first?"
    ),
    ("SELECT\n  uper('x')\nFROM pop", "q.sql:3:3: there is no function uper; did you mean upper?"),
    (
      "SELECT a FROM (SELECT 1 AS a, 2 AS A FROM pop)",
      "q.sql:2:8: the name a is ambiguous: it could be a, A; name the view before it"
    ),
    // Types
    (
      "SELECT from_json(value, 'a INT') FROM pop",
      "q.sql:2:18: from_json reads STRING, not BINARY; write CAST(… AS STRING)"
    ),
    (
      "SELECT from_json('x', 'a INTT') FROM pop",
      "q.sql:2:23: unknown type INTT (line 1, column 3 of the schema); did you mean INT?"
    ),
    (
      "SELECT from_json('x', 'a INT', map('mode', 'DROPMALFORMED')) FROM pop",
      "q.sql:2:8: from_json does not support the mode DROPMALFORMED; use PERMISSIVE or FAILFAST"
    ),
    ("SELECT CAST(1 AS DATE) FROM pop", "q.sql:2:8: INT can't be cast to DATE"),
    ("SELECT array(1) + 1 FROM pop", "q.sql:2:17: ARRAY<INT> + INT is not possible; CAST both to a number"),
    ("SELECT 1 FROM pop WHERE 1", "q.sql:2:25: WHERE wants BOOLEAN, not INT"),
    ("SELECT upper('a', 'b') FROM pop", "q.sql:2:8: upper takes 1 argument, not 2"),
    ("SELECT explode(value) FROM pop", "q.sql:2:16: explode wants an array or a map, not BINARY"),
    (
      "SELECT explode(array(1)), explode(array(2)) FROM pop",
      "q.sql:2:27: only one generator is allowed in a select list; use LATERAL VIEW for the others"
    ),
    (
      "SELECT 1 + explode(array(1)) FROM pop",
      "q.sql:2:12: explode can't stand inside of another expression; make it a column of its own, or use LATERAL VIEW"
    ),
    (
      "SELECT 1 FROM pop UNION ALL SELECT 1, 2 FROM pop",
      "q.sql:2:19: UNION ALL joins 1 columns with 2; give both sides the same columns"
    ),
    // Groups and order
    (
      "SELECT topic, partition FROM pop GROUP BY topic",
      "q.sql:2:15: the column partition is neither in GROUP BY nor inside an aggregate function; add it to GROUP BY, "
        + "or write any_value(partition)"
    ),
    ("SELECT cuont(1) FROM pop", "q.sql:2:8: there is no function cuont; did you mean count?"),
    (
      "SELECT sum(max(partition)) FROM pop",
      "q.sql:2:12: the aggregate function max can't stand here; aggregate in a sub-query, or use HAVING"
    ),
    (
      "SELECT 1 FROM pop WHERE max(partition) > 1",
      "q.sql:2:25: the aggregate function max can't stand here; aggregate in a sub-query, or use HAVING"
    ),
    ("SELECT sum(timestamp) FROM pop", "q.sql:2:8: argument 1 of sum is TIMESTAMP, but must be a number"),
    ("SELECT topic FROM pop GROUP BY 2", "q.sql:2:32: GROUP BY position 2 is not in the select list (1 to 1)"),
    ("SELECT topic FROM pop ORDER BY 2", "q.sql:2:32: ORDER BY position 2 is not in the select list (1 to 1)"),
    ("SELECT topic FROM pop GROUP BY topik", "q.sql:2:32: the column topik can't be found; did you mean topic?"),
    (
      "SELECT topic FROM pop HAVING topic = 'a'",
      "q.sql:2:36: HAVING without GROUP BY and without aggregate functions; write WHERE, or add GROUP BY"
    ),
    ("SELECT 1 FROM pop LIMIT -1", "q.sql:2:25: LIMIT must be 0 or more, not -1"),
    (
      "SELECT 1 FROM pop p JOIN pop q USING (topik)",
      "q.sql:2:21: USING: the column topik can't be found on the left side; did you mean topic?"
    ),
    // Syntax
    (
      "SELEC 1",
      "q.sql:2:1: syntax error at 'SELEC': expected SELECT, WITH, CREATE TEMPORARY VIEW or SET; did you mean SELECT?"
    ),
    ("SELECT a FORM pop", "q.sql:2:15: syntax error at 'pop': expected the end of the statement or ;"),
    ("SELECT (1 + 2 FROM pop", "q.sql:2:15: syntax error at 'FROM': expected ')'"),
    ("SELECT 'abc FROM pop", "q.sql:2:8: this text has no end; close it with '"),
    ("SELECT `abc FROM pop", "q.sql:2:8: this backquoted name has no end; close it with `"),
    ("/* SELECT 1", "q.sql:2:1: this comment has no end; close it with */"),
    ("SELECT 1 FROM pop WHERE", "q.sql:2:24: syntax error: the script ends where an expression was expected"),
    ("SELECT # FROM pop", "q.sql:2:8: the character '#' has no meaning here"),
    (
      "SELECT 99999999999L FROM pop; SELECT 2",
      "q.sql:2:31: a script holds one SELECT, this is the second; put it in a file of its own"
    ),
    ("SELECT 300Y FROM pop", "q.sql:2:8: the number 300 does not fit TINYINT"),
    ("SELECT DATE '2020-13-01' FROM pop", "q.sql:2:8: '2020-13-01' is no date; write DATE '2024-01-31'"),
    // What is not there yet
    // Window functions
    ("SELECT rank() FROM pop", "q.sql:2:8: rank wants a window; write rank(…) OVER (ORDER BY …)"),
    (
      "SELECT rank() OVER (PARTITION BY topic) FROM pop",
      "q.sql:2:8: rank wants ORDER BY in its window; write OVER (ORDER BY …)"
    ),
    (
      "SELECT 1 FROM pop WHERE row_number() OVER (ORDER BY topic) = 1",
      "q.sql:2:25: a window function can't stand here; it can in the select list and ORDER BY; for WHERE put it in a "
        + "sub-query"
    ),
    (
      "SELECT sum(offset) OVER win FROM pop WINDOW wim AS (ORDER BY topic)",
      "q.sql:2:8: there is no window win; did you mean wim?"
    ),
    (
      "SELECT sum(offset) OVER (ORDER BY topic ROWS 1.5 PRECEDING) FROM pop",
      "q.sql:2:46: the distance must be a whole number of rows"
    ),
    ("SELECT upper(topic) OVER () FROM pop", "q.sql:2:8: upper is no window function"),
    // Intervals
    (
      "SELECT INTERVAL 1 MONTH 2 DAYS FROM pop",
      "q.sql:2:8: an interval can't have years or months together with days or smaller units; add two intervals, one "
        + "after the other"
    ),
    ("SELECT INTERVAL 'x' DAY FROM pop", "q.sql:2:8: 'x' is no number of DAY in an interval"),
    (
      "SELECT INTERVAL '1 25:00' DAY TO MINUTE FROM pop",
      "q.sql:2:8: '1 25:00' is no interval DAY TO MINUTE; write INTERVAL '1 02:03' DAY TO MINUTE"
    ),
    ("SELECT INTERVAL '1 dya' FROM pop", "q.sql:2:8: dya is no unit of an interval; did you mean DAY?"),
    (
      "SELECT INTERVAL 'soon' FROM pop",
      "q.sql:2:8: 'soon' is no interval; write INTERVAL '1' DAY or INTERVAL '1 day 2 hours'"
    ),
    ("SELECT timestamp + 1 FROM pop", "q.sql:2:18: TIMESTAMP + INT is not possible"),
  ])
  func queryErrors(_ select: String, _ wanted: String) {
    #expect(message(Self.view + select) == wanted)
  }

  @Test(arguments: [
    (
      "subscribe 'pop'",
      "q.sql:1:1: the option kafka.bootstrap.servers is missing; write kafka.bootstrap.servers 'host:9092'"
    ),
    (
      "kafka.bootstrap.servers 'h:1'",
      "q.sql:1:1: one of subscribe, subscribePattern and assign must be given; write subscribe 'topic'"
    ),
    ("kafka.bootstrap.servers 'h:1', subcribe 'pop'", "q.sql:1:77: unknown option subcribe; did you mean subscribe?"),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', startingOffsets 'earlyest'",
      "q.sql:1:94: startingOffsets wants earliest, latest or {\"topic\":{\"0\":23}}, not earlyest; did you mean earliest?"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', failOnDataLoss 'no'",
      "q.sql:1:94: failOnDataLoss wants true or false, not no"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', maxOffsetsPerTrigger '0'",
      "q.sql:1:94: maxOffsetsPerTrigger wants a whole number above 0, not 0"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', kafka.auto.offset.reset 'latest'",
      "q.sql:1:94: the Kafka option kafka.auto.offset.reset can't be set: the query looks after it itself"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribePattern 'p(*'",
      "q.sql:1:77: subscribePattern 'p(*' is no regular expression; write topics-.* or the like"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', subscribePattern 'p.*'",
      "q.sql:1:94: only one of subscribe, subscribePattern and assign can be given"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', startingOffsetsByTimestamp '{\"pop\":5}'",
      "q.sql:1:94: startingOffsetsByTimestamp wants {\"topic\":{\"0\":1700000000000}}, not {\"pop\":5}"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', startingOffsetsByTimestampStrategy 'earliest'",
      "q.sql:1:94: startingOffsetsByTimestampStrategy wants error or latest, not earliest"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', minOffsetsPerTrigger 9, maxOffsetsPerTrigger 5",
      "q.sql:1:94: minOffsetsPerTrigger (9) is greater than maxOffsetsPerTrigger (5)"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', maxTriggerDelay 'soon'",
      "q.sql:1:94: maxTriggerDelay wants a length of time, not soon; write 500ms, 30s, 5m, 2h or 7d"
    ),
    (
      "kafka.bootstrap.servers 'h:1', subscribe 'pop', minPartitions '0'",
      "q.sql:1:94: minPartitions wants a whole number above 0, not 0"
    ),
  ])
  func optionErrors(_ options: String, _ wanted: String) {
    #expect(message("CREATE TEMPORARY VIEW p USING kafka OPTIONS (\(options)); SELECT 1 FROM p") == wanted)
  }

  @Test(arguments: [
    (
      "CREATE TABLE t (a INT)",
      "q.sql:1:8: only temporary views can be created here; write CREATE TEMPORARY VIEW name USING kafka OPTIONS (…)"
    ),
    (
      "CREATE TEMPORARY VIEW v USING kafak OPTIONS (a 'b'); SELECT 1",
      "q.sql:1:1: unknown source format kafak; did you mean kafka?"
    ),
    (
      "CREATE TEMPORARY VIEW v USING json OPTIONS (path '/x'); SELECT 1",
      "q.sql:1:1: a json source needs its columns with their types; write CREATE TEMPORARY VIEW v (a INT, b STRING) USING json OPTIONS (…)"
    ),
    (
      "SET spark.sql.ansi.enabeld = true; SELECT 1",
      "q.sql:1:1: unknown setting spark.sql.ansi.enabeld; did you mean spark.sql.ansi.enabled?"
    ),
    (
      "SET TIME ZONE 'Mars/Olympus'; SELECT 1",
      "q.sql:1:1: the time zone Mars/Olympus is not known; write a name like Europe/Berlin, or +02:00"
    ),
    ("SET spark.sql.ansi.enabled = true", "q.sql:1:1: the script has no SELECT; end it with SELECT … FROM …"),
    ("INSERT INTO t SELECT 1", "q.sql:1:1: INSERT as a statement is not supported yet"),
  ])
  func scriptErrors(_ script: String, _ wanted: String) {
    #expect(message(script) == wanted)
  }

  @Test func nestingHasALimit() {
    let deep = String(repeating: "(", count: 500) + "1" + String(repeating: ")", count: 500)
    #expect(message("SELECT " + deep).contains("the expression nests deeper than 120 levels"))
    let fine = String(repeating: "(", count: 50) + "1" + String(repeating: ")", count: 50)
    #expect(message("SELECT " + fine) == "no error")
  }

  @Test func anyTextIsEitherAQueryOrAnError() {
    // Pieces of SQL in any order: never a crash.
    let pieces = [
      "SELECT", "FROM", "pop", "(", ")", "`a", "'x'", ",", "*", "explode", "CAST", "AS", "INT", "array<", ">>", "::",
      "[",
      "]", ".", "1e", "0x", "1L", "-", "NOT", "IN", "BETWEEN", "CASE", "WHEN", "END", "UNION", "ALL", ";", "WITH", "\\",
      "LATERAL", "VIEW", "from_json", "map", "IS", "NULL", "LIKE", "%", "||", "DATE", "OPTIONS", "é", "\u{0}",
    ]
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let script = (0..<Int.random(in: 1...12, using: &generator)).map { _ in pieces.randomElement(using: &generator)! }
      _ = message(Self.view + "SELECT " + script.joined(separator: " "))
    }
  }
}
