import Glibc
import MillArchive
import MillBase
import MillLog
import Synchronization

@testable import MillAgent

/// A directory with a spool, an archive and a configuration file, in which agents run.
final class Bench: Sendable {
  let directory: String
  let log: any RecordLog
  let metrics = Metrics()

  var spool: String { "\(directory)/spool" }
  var archive: String { "\(directory)/archive" }

  init(log: any RecordLog = RecordLogDouble()) throws {
    directory = try Files.makeTemporaryDirectory("millrace-agent")
    self.log = log
    try Files.makeDirectory("\(directory)/spool")
  }

  deinit { try? Files.removeTree(directory) }

  func environment(in directory: String? = nil) -> AgentEnvironment {
    let base = directory ?? self.directory
    return AgentEnvironment(
      baseDirectory: base, stateDirectory: "\(base)/state", metrics: metrics,
      openLog: { [log] _, _ in log }, fileSystem: { path in (LocalFileSystem(), Files.resolve(path, in: base)) })
  }

  /// An agent `a1` on this configuration, `DIR` in it standing for the directory.
  func agent(_ configuration: String, in directory: String? = nil) throws -> AgentRunner {
    let base = directory ?? self.directory
    let file = "\(base)/agent.conf"
    try Files.writeAtomically(configuration.replacing("DIR", with: base), to: file)
    return try AgentRunner(configurationFile: file, agentName: "a1", environment: environment(in: base))
  }

  /// Puts a file into the spool directory as it should be done.
  func put(_ name: String, _ text: String) throws { try Files.writeAtomically(text, to: "\(spool)/\(name)") }

  func spooled() throws -> [String] { try Files.list(spool).filter { !$0.hasPrefix(".") } }
}

/// Waits until something holds; false when it does not within a time that is more than enough.
func eventually(every microseconds: UInt32 = 10_000, _ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<15_000_000 / microseconds {
    if try condition() { return true }
    usleep(microseconds)
  }
  return false
}

/// The keys of a spool → topic agent, with what a test adds.
func spoolToTopic(_ more: String = "") -> String {
  """
  a1.sources = r1
  a1.channels = c1
  a1.sinks = k1
  a1.sources.r1.type = spooldir
  a1.sources.r1.channels = c1
  a1.sources.r1.spoolDir = DIR/spool
  a1.sources.r1.pollDelay = 20
  a1.channels.c1.type = memory
  a1.channels.c1.capacity = 1000
  a1.channels.c1.transactionCapacity = 100
  a1.sinks.k1.type = org.apache.flume.sink.kafka.KafkaSink
  a1.sinks.k1.channel = c1
  a1.sinks.k1.kafka.bootstrap.servers = 127.0.0.1:9092
  a1.sinks.k1.kafka.topic = pop
  \(more)
  """
}

/// Log lines while a body runs; the body can look at those so far.
@discardableResult
func logged(_ body: (_ soFar: () -> [String]) throws -> Void) rethrows -> [String] {
  let lines = Monitor<[String]>([])
  let key = LogTap.add { line in lines.withLock { $0.append(line) } }
  defer { LogTap.remove(key) }
  try body { lines.withLock { $0 } }
  return lines.withLock { $0 }
}

/// The log has one observer; tests run side by side.
private enum LogTap {
  private static let taps = Mutex<(next: Int, list: [Int: @Sendable (String) -> Void])>((0, [:]))
  static func add(_ tap: @escaping @Sendable (String) -> Void) -> Int {
    Log.observe { _, _, message in
      for tap in taps.withLock({ Array($0.list.values) }) { tap(message) }
    }
    return taps.withLock { taps in
      taps.next += 1
      taps.list[taps.next] = tap
      return taps.next
    }
  }
  static func remove(_ key: Int) { taps.withLock { _ = $0.list.removeValue(forKey: key) } }
}
