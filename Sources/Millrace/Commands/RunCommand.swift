import Glibc
import MillBase

extension MillraceCommand {
  static let run = Command(
    name: "run", summary: "Run a pipeline: all its stages, in this process.", usage: "DIR [flags]",
    flags: [
      Flag("--for", "DURATION", "drain and end by itself after this time (20s, 5m)"),
      Flag("--data", "DIR", "where the chain writes; default: the pipeline's 'data'"),
      Flag("--quiet", "no status lines"),
      Flag("--verbose", "log more"),
    ],
    examples: [
      "millrace run examples/population", "millrace run examples/population --for 20s",
      "MILLRACE_API=live millrace run examples/population",
    ],
    run: { arguments in
      Interruption.prepare()
      if arguments.has("--verbose") { Log.setThreshold(.debug) }
      let duration = try arguments.duration("--for")
      let directory = try arguments.only("DIR, the pipeline's directory")
      let pipeline = try Pipeline(directory: directory, data: arguments["--data"])
      let status = LiveStatus(pipeline)
      pipeline.start()
      if !arguments.has("--quiet") { status.printAddresses() }
      var tick: Int64 = 0
      let end = duration.map { Clock.steadyNanoseconds() + UInt64($0.milliseconds) * 1_000_000 }
      while true {
        let now = Clock.steadyNanoseconds()
        if let end, now >= end { break }
        let pause = end.map { min(Duration.seconds(1), .nanoseconds(Int64($0 - now))) } ?? .seconds(1)
        if Interruption.wait(atMost: pause) { break }
        tick += 1
        if !arguments.has("--quiet") { status.show(tick: tick) }
      }
      try pipeline.stop()
      if !arguments.has("--quiet") { status.printSummary() }
      return 0
    })

  /// A line on standard output, at once: whoever reads a pipe waits for it.
  static func say(_ text: String) {
    let line = Array("\(text)\n".utf8)
    // Nothing is left to report a closed standard output to.
    _ = write(1, line, line.count)
  }

  /// Keeps a stage that runs alone until Ctrl-C.
  static func serve(_ what: String) {
    say("\(what); Ctrl-C ends")
    _ = Interruption.wait()
  }
}
