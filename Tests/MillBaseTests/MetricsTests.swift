import Testing

@testable import MillBase

@Suite struct MetricsTests {
  @Test func prometheusText() {
    let metrics = Metrics()
    metrics.counter("millrace_b_total", ["source": "x\"\\\n"], help: "Two\nlines.").add(3)
    metrics.counter("millrace_b_total", ["source": "a"]).add()
    metrics.gauge("millrace_a_bytes").set(-5)
    #expect(
      metrics.prometheusText() == """
        # TYPE millrace_a_bytes gauge
        millrace_a_bytes -5
        # HELP millrace_b_total Two\\nlines.
        # TYPE millrace_b_total counter
        millrace_b_total{source="a"} 1
        millrace_b_total{source="x\\"\\\\\\n"} 3

        """)
    #expect(metrics.sum("millrace_b_total") == 4)
    #expect(metrics.sum("unknown") == 0)
  }

  @Test func sameNameIsTheSameCounter() {
    let metrics = Metrics()
    onThreads(8) { _ in for _ in 0..<1000 { metrics.counter("c_total", ["a": "b"]).add() } }
    #expect(metrics.counter("c_total", ["a": "b"]).value == 8000)
    #expect(metrics.samples().count == 1)
  }
}
