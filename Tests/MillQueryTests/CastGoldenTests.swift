import MillBase
import MillColumns
import Testing

@testable import MillQuery

/// Spark 4.0.1's own answers: expression, result with ANSI on, result with ANSI off where it differs. An error is
/// `error` and Spark's error class.
@Suite struct CastGoldenTests {
  static let cases: [(sql: String, ansi: String, legacy: String?)] = [
    (#"cast('12' as int)"#, "12", nil),
    (#"cast(' 12 ' as int)"#, "12", nil),
    (#"cast('1.9' as int)"#, "error CAST_INVALID_INPUT", "1"),
    (#"cast('x' as int)"#, "error CAST_INVALID_INPUT", "null"),
    (#"cast('' as int)"#, "error CAST_INVALID_INPUT", "null"),
    (#"cast('2147483648' as int)"#, "error CAST_INVALID_INPUT", "null"),
    (#"cast(2147483648L as int)"#, "error CAST_OVERFLOW", "-2147483648"),
    (#"cast(1.9D as int)"#, "1", nil),
    (#"cast(-1.9D as int)"#, "-1", nil),
    (#"cast(1e20D as int)"#, "error CAST_OVERFLOW", "2147483647"),
    (#"cast(double('NaN') as int)"#, "error CAST_OVERFLOW", "0"),
    (#"cast('1e3' as double)"#, "1000.0", nil),
    (#"cast('NaN' as double)"#, "NaN", nil),
    (#"cast('inf' as double)"#, "Infinity", nil),
    (#"cast('x' as double)"#, "error CAST_INVALID_INPUT", "null"),
    (#"cast(true as int)"#, "1", nil),
    (#"cast('true' as boolean)"#, "true", nil),
    (#"cast('t' as boolean)"#, "true", nil),
    (#"cast('yes' as boolean)"#, "true", nil),
    (#"cast('1' as boolean)"#, "true", nil),
    (#"cast('maybe' as boolean)"#, "error CAST_INVALID_INPUT", "null"),
    (#"cast(0 as boolean)"#, "false", nil),
    (#"cast(1.0D as string)"#, "1.0", nil),
    (#"cast(1e7D as string)"#, "1.0E7", nil),
    (#"cast(1.0E-4D as string)"#, "1.0E-4", nil),
    (#"cast(123456789.0D as string)"#, "1.23456789E8", nil),
    (#"cast(cast(1.10 as decimal(5,2)) as string)"#, "1.10", nil),
    (#"cast(12345.678 as decimal(5,2))"#, "error NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "null"),
    (#"cast('2020-01-02' as date)"#, "2020-01-02", nil),
    (#"cast('2020-1-2' as date)"#, "2020-01-02", nil),
    (#"cast('2020-01' as date)"#, "2020-01-01", nil),
    (#"cast('2020' as date)"#, "2020-01-01", nil),
    (#"cast('2020-01-02T03:04:05Z' as timestamp)"#, "2020-01-02 03:04:05", nil),
    (#"cast('2020-01-02 03:04' as timestamp)"#, "2020-01-02 03:04:00", nil),
    (#"cast('x' as timestamp)"#, "error CAST_INVALID_INPUT", "null"),
    (#"cast(1577934245 as timestamp)"#, "2020-01-02 03:04:05", nil),
    (#"cast(1577934245.5D as timestamp)"#, "2020-01-02 03:04:05.5", nil),
    (#"cast(timestamp'2020-01-02 03:04:05.5' as string)"#, "2020-01-02 03:04:05.5", nil),
    (#"cast(timestamp'2020-01-02 03:04:05.5' as long)"#, "1577934245", nil),
    (#"cast(X'68C3A9' as string)"#, "hé", nil),
    (#"cast(X'FF41' as string)"#, "�A", nil),
    (#"cast(array(1,null,2) as string)"#, "[1, null, 2]", nil),
    (#"cast(named_struct('a',1,'b',null) as string)"#, "{1, null}", nil),
    (#"cast(map('a',1) as string)"#, "{a -> 1}", nil),
    (#"try_cast('x' as int)"#, "null", nil),
    (#"2147483647 + 1"#, "error ARITHMETIC_OVERFLOW", "-2147483648"),
    (#"9223372036854775807L + 1"#, "error ARITHMETIC_OVERFLOW", "-9223372036854775808"),
    (#"1/0"#, "error DIVIDE_BY_ZERO", "null"),
    (#"1%0"#, "error DIVIDE_BY_ZERO", "null"),
    (#"5/2"#, "2.5", nil),
    (#"5 div 2"#, "2", nil),
    (#"-7 % 3"#, "-1", nil),
    (#"array(1,2)[5]"#, "error INVALID_ARRAY_INDEX", "null"),
    (#"element_at(array(1,2),5)"#, "error INVALID_ARRAY_INDEX_IN_ELEMENT_AT", "null"),
    (#"map('a',1)['b']"#, "null", nil),
    (#"int('3')+1"#, "4", nil),
    (#"'3'+1"#, "4", "4.0"),
    (#"'a' = 1"#, "error CAST_INVALID_INPUT", "null"),
    (#"1 = '1'"#, "true", nil),
    (#"null = null"#, "null", nil),
    (#"null <=> null"#, "true", nil),
    (#"concat('a',null)"#, "null", nil),
    (#"substring('abc',0,2)"#, "ab", nil),
    (#"substring('abc',-2)"#, "bc", nil),
    (#"round(2.5)"#, "3", nil),
    (#"round(-2.5)"#, "-3", nil),
    (#"bround(2.5)"#, "2", nil),
    (#"round(0.125D,2)"#, "0.13", nil),
    (#"to_timestamp('2020-13-01','yyyy-MM-dd')"#, "error CANNOT_PARSE_TIMESTAMP", "null"),
    (#"abs(int(-2147483648))"#, "error ARITHMETIC_OVERFLOW", "-2147483648"),
    (#"length('é😀')"#, "2", nil),
    (#"upper('straße')"#, "STRASSE", nil),
  ]

  /// Every cast that the analysis lets through has an answer: a value, null or Spark's error.
  @Test func everyPossibleCastRuns() {
    let values = [
      "NULL", "true", "1Y", "1S", "-1", "1L", "1.5F", "1e300D", "double('NaN')", "1.5", "'1'", "'x'", "X'31'",
      "DATE '2020-01-02'", "TIMESTAMP '2020-01-02 03:04:05'", "array(1, NULL)", "map('a', 1)", "struct(1, 'x')",
    ]
    let types = [
      "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(5,2)", "STRING", "BINARY", "DATE",
      "TIMESTAMP", "ARRAY<STRING>", "MAP<STRING, STRING>", "STRUCT<a: STRING, b: INT>",
    ]
    for value in values {
      for type in types {
        for ansi in [true, false] { _ = answer("CAST(\(value) AS \(type))", ansi: ansi) }
        let attempt = answer("TRY_CAST(\(value) AS \(type))")
        #expect(!attempt.hasPrefix("error ") || attempt.contains("can't be cast"), "\(value) to \(type): \(attempt)")
      }
    }
  }

  @Test(arguments: cases.indices, [true, false])
  func givesSparksAnswer(_ index: Int, ansi: Bool) {
    let (sql, wanted, legacy) = Self.cases[index]
    #expect(answer(sql, ansi: ansi) == (ansi ? wanted : legacy ?? wanted), "\(sql), ansi \(ansi)")
  }
}

/// The value of an expression as text, `null`, or `error CLASS`.
func answer(_ sql: String, ansi: Bool = true) -> String {
  do {
    return try CompiledQuery(script: "SELECT \(sql)", ansi: ansi).evaluate().columns[0].text(0) ?? "null"
  } catch {
    let text = (error as? MillError)?.message ?? "\(error)"
    guard text.hasPrefix("["), let end = text.firstIndex(of: "]") else { return "error \(error)" }
    return "error \(text[text.index(after: text.startIndex)..<end])"
  }
}
