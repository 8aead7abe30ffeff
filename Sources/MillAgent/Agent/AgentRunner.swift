import MillArchive
import MillBase

/// Runs one agent of a Flume configuration file.
///
/// ```swift
/// let runner = try AgentRunner(configurationFile: "agent.conf", agentName: "a1", environment: environment)
/// runner.start()
/// …
/// runner.stop()
/// ```
public final class AgentRunner: Sendable {
  public let name: String
  /// What was found while reading the file: errors (those components are left out) and warnings.
  public let problems: [MillError]

  private let plan: AgentPlan
  private let environment: AgentEnvironment
  private let current = Monitor<RunningAgent?>(nil)
  private let supervisor = Monitor<Worker?>(nil)
  private let lock = Monitor<File?>(nil)

  /// How long ``stop(drain:)`` waits for channels to empty, unless told otherwise.
  public static let drainDefault = Duration.seconds(30)
  /// How long the agent rests before it starts anew after a failure.
  static let restartWait = Duration.seconds(2)

  /// - Throws: `.configuration` when the file can't be read, has no such agent, or nothing in it can run.
  public init(configurationFile: String, agentName: String, environment: AgentEnvironment) throws {
    name = agentName
    // Agents of two files may have one name; what they remember must not mix.
    var environment = environment
    environment.stateDirectory += "/\(Files.split(configurationFile).name)-\(agentName)"
    plan = try AgentPlan(file: configurationFile, agent: agentName, variables: environment.variables)
    problems = plan.problems
    self.environment = environment
    guard plan.isRunnable else {
      throw MillError(
        .configuration, "agent \(agentName) has nothing that can run", at: .init(file: configurationFile),
        wayOut: problems.first { $0.code == .configuration }.map { "begin with: \($0)" })
    }
  }

  /// What is wrong with an agent's configuration, errors and warnings (`.configurationWarning`); nothing is started.
  ///
  /// - Parameters:
  ///   - name: nil judges every agent of the file.
  ///   - fileSystem: as in ``AgentEnvironment``; asked whether each `hdfs.path` can be served.
  public static func check(
    _ file: String, name: String?, variables: Variables = Variables(),
    fileSystem: ((String) throws -> (any FileSystem, path: String))? = nil
  ) -> [MillError] {
    do {
      var names = [name].compactMap { $0 }
      if names.isEmpty {
        let text = try Files.readText(file, limit: JavaProperties.sizeMax)
        let configuration = try FlumeConfiguration(parsing: text, file: file, variables: variables)
        names = configuration.agents.keys.sorted()
        if names.isEmpty { return [MillError(.configuration, "the file configures no agent", at: .init(file: file))] }
      }
      var found: [MillError] = []
      for name in names {
        // What is wrong with the file as a whole comes with every agent.
        let plan = try AgentPlan(file: file, agent: name, variables: variables)
        for problem in plan.problems + unserved(plan, file, fileSystem)
        where !found.contains(where: { "\($0)" == "\(problem)" }) {
          found.append(problem)
        }
      }
      return found
    } catch let error as MillError { return [error] } catch {
      return [MillError(.configuration, "\(error)", at: .init(file: file))]
    }
  }

  /// The paths of hdfs sinks that `fileSystem` refuses.
  private static func unserved(
    _ plan: AgentPlan, _ file: String, _ fileSystem: ((String) throws -> (any FileSystem, path: String))?
  ) -> [MillError] {
    plan.sinks.compactMap { sink in
      guard case .hdfs(let settings) = sink.settings else { return nil }
      do { _ = try fileSystem?(String(settings.path.source.prefix { $0 != "%" })) } catch {
        let known = error as? MillError
        let place = MillError.Place(
          file: file, line: settings.pathLine, key: "\(plan.agent).sinks.\(sink.name).hdfs.path")
        return MillError(.configuration, known?.message ?? "\(error)", at: place, wayOut: known?.wayOut)
      }
      return nil
    }
  }

  /// Starts the threads and returns. Problems of the configuration are logged.
  public func start() {
    for problem in problems {
      if problem.code == .configurationWarning {
        Log.warning("agent", "\(problem)")
      } else {
        Log.error("agent", "\(problem)")
      }
    }
    supervisor.withLock { supervisor in
      precondition(supervisor == nil, "the agent runs already")
      supervisor = Worker("agent-\(name)") { [self] stop in supervise(stop) }
    }
  }

  /// Runs the agent, and anew from the last acknowledged events when a sink can't go on: what it had not
  /// acknowledged is read again.
  private func supervise(_ stop: Signal) {
    while !stop.isSet {
      do {
        try takeLock()
        let running = try RunningAgent(plan: plan, environment: environment)
        current.withLock { $0 = running }
        running.start()
        while !stop.wait(.milliseconds(200)) {
          guard running.needsRestart else { continue }
          running.stop(drain: .zero)
          break
        }
        // A stop from outside drains; see stop(drain:).
        if stop.isSet { return }
      } catch {
        Log.error("agent", "agent \(name): \(error); it starts anew in \(Self.restartWait)")
      }
      stop.wait(Self.restartWait)
    }
  }

  /// Keeps a second process from running the same agent: both would read the same files.
  private func takeLock() throws {
    if lock.withLock({ $0 != nil }) { return }
    try Files.makeDirectory(environment.stateDirectory)
    let file = try File("\(environment.stateDirectory)/lock", .readWrite)
    guard try file.tryLock() else {
      throw MillError(
        .configuration, "another process runs this agent", at: .init(file: file.path),
        wayOut: "stop that one, or give this one a state directory of its own")
    }
    lock.withLock { $0 = file }
  }

  /// Sources stop, channels drain, open files are completed, positions are written down. After `drain` what is left
  /// is given up: it is read again at the next start, nothing is lost.
  public func stop(drain: Duration = drainDefault) {
    guard let worker = supervisor.withLock({ $0 }) else { return }
    worker.stop()
    worker.join()
    current.withLock { $0 }?.stop(drain: drain)
    lock.withLock { $0 = nil }
    supervisor.withLock { $0 = nil }
  }

  public var status: AgentStatus {
    current.withLock { $0 }?.status ?? AgentStatus(agent: name, components: [])
  }
}
