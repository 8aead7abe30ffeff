import MillBase
import Testing

@testable import MillView

/// The expected texts are what Grafana's backend makes of the same parts (pkg/tsdb/influxdb/models).
struct InfluxQLBuilderTests {
  private let scope = QueryScope(
    range: TimeRange(from: 1_596_240_000_000, to: 1_596_240_300_000), step: Span(milliseconds: 5000))
  private let filter = "time >= 1596240000000ms and time <= 1596240300000ms"

  private func expect(_ expected: String, _ change: (inout Target) -> Void) {
    var target = Target()
    target.measurement = "cpu"
    target.select = [[.init("field", "value"), .init("mean")]]
    change(&target)
    #expect(InfluxQLBuilder.query(target, scope) == expected)
  }

  @Test func wholeQueries() {
    expect("SELECT mean(\"value\") FROM \"cpu\" WHERE \(filter)") { _ in }
    expect("SELECT mean(\"value\") FROM \"policy\".\"cpu\" WHERE \(filter) GROUP BY time(5s) fill(null)") {
      $0.policy = "policy"
      $0.groupBy = [.init("time", "$__interval"), .init("fill", "null")]
    }
    expect("SELECT mean(\"value\") FROM \"cpu\" WHERE \(filter) GROUP BY time(5s), \"host\", \"dc\" fill(0)") {
      $0.policy = "default"
      $0.groupBy = [.init("time", "auto"), .init("tag", "host"), .init("tag", "dc"), .init("fill", "0")]
    }
    expect(
      "SELECT mean(\"value\") FROM \"cpu\" WHERE \(filter) GROUP BY time(5s) ORDER BY time ASC limit 1 slimit 2 tz('Europe/Paris')"
    ) {
      $0.groupBy = [.init("time", "$interval")]
      ($0.orderByTime, $0.limit, $0.seriesLimit, $0.timezone) = ("ASC", "1", "2", "Europe/Paris")
    }
    expect("SELECT mean(\"value\") / 5000 AS \"share\", * FROM /^cpu/ WHERE \(filter)") {
      $0.measurement = "/^cpu/"
      $0.select[0] += [.init("math", "/ $__interval_ms"), .init("alias", "share")]
      $0.select.append([.init("field", "*")])
    }
    expect("SELECT percentile(non_negative_derivative(\"value\"::field, 10s), 95) FROM \"cpu\" WHERE \(filter)") {
      $0.select = [
        [.init("field", "value::field"), .init("non_negative_derivative", "10s"), .init("percentile", "95")]
      ]
    }
    expect("SELECT \"x\" FROM \"y\" WHERE \(filter) GROUP BY time(5s)") {
      $0.rawQuery = "SELECT \"x\" FROM \"y\" WHERE $timeFilter GROUP BY time($__interval)"
    }
  }

  private func expectTags(_ expected: String, _ tags: Target.Tag...) {
    expect("SELECT mean(\"value\") FROM \"cpu\" WHERE \(expected) AND \(filter)") { $0.tags = tags }
  }

  @Test func tagConditions() {
    expectTags("\"key\" = 'value'", .init("key", "", "value"))
    expectTags("\"key\" =~ /value/", .init("key", "", "/value/"))
    expectTags("(\"host\" = 'a' OR \"host\" = 'b')", .init("host", "=", "a"), .init("host", "=", "b", condition: "OR"))
    expectTags("(\"host\" = 'a' AND \"dc\" != 'b')", .init("host", "=", "a"), .init("dc", "!=", "b"))
    expectTags("\"key\" > 10001", .init("key", ">", "10001"))
    expectTags("\"key\" > '12.2'", .init("key", ">", "/^12.2$/"))
    expectTags("\"key\" = 'C:\\\\test\\\\'", .init("key", "=", "C:\\test\\"))
    expectTags("\"key\" = false", .init("key", "Is", "False"))
    expectTags("\"key\" != -1.23", .init("key", "Is Not", "-1.23"))
    expectTags("\"key\"::tag = '7'", .init("key::tag", "Is", "7"))
    expectTags("\"key\" = 'A string'", .init("key", "Is", "A string"))
  }

  private func expectExpanded(_ expected: String, _ text: String, _ variables: [String: [String]] = [:]) {
    var scope = scope
    scope.variables = variables
    scope.rawVariables = ["everything"]
    #expect(scope.expand(text) == expected)
  }

  @Test func macrosAndVariables() {
    expectExpanded("time(5s), 5000", "time($__interval), $__interval_ms")
    expectExpanded(filter, "$timeFilter")
    expectExpanded("1596240000000 1596240300", "$__from ${__to:date:seconds}")
    expectExpanded("'2020-08-01T00:00:00.000Z'", "$__timeFrom")
    expectExpanded("300s", "$__range")
    expectExpanded("a a a", "$host ${host} [[host]]", ["host": ["a"]])
    expectExpanded("$unknown ${unknown} [[unknown]]", "$unknown ${unknown} [[unknown]]")
    expectExpanded("=~ /^(a|b\\.c)$/", "=~ /^$host$/", ["host": ["a", "b.c"]])
    expectExpanded("=~ /^a\\/b$/", "=~ /^$host$/", ["host": ["a/b"]])
    expectExpanded("= 'O\\'Brien'", "= '$name'", ["name": ["O'Brien"]])
    expectExpanded("'a','b'", "${host:singlequote}", ["host": ["a", "b"]])
    expectExpanded("a|b", "${host:pipe}", ["host": ["a", "b"]])
    expectExpanded("=~ /.*/", "=~ /$everything/", ["everything": [".*"]])
    expectExpanded("\"a\" / \"b\" = '$x'", "\"a\" / \"b\" = '$x'")
  }
}
