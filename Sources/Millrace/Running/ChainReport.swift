import MillBase
import MillLog
import MillStore
import MillView

/// The chain's state in the words of the page `/chain`, a room at a time.
struct ChainReport {
  let configuration: PipelineConfiguration
  let rooms: Rooms
  let monitor: ChainMonitor

  func status() -> ChainStatus {
    let deadLetters = rooms.latestDeadLetters(ChainMonitor.deadLettersShown)
    return ChainStatus(
      name: configuration.name, startedAt: monitor.startedAt,
      rooms: [collect(), agent(), log(), archive(), query(), store(), view()],
      deadLetterCount: deadLetters.count, deadLetters: deadLetters.latest)
  }

  private func room(
    _ name: String, _ summary: String, key: String, isOff: Bool, isFailing: Bool = false, records: String? = nil,
    bytes: String? = nil, items: [ChainStatus.Item], next: [String]
  ) -> ChainStatus.Room {
    let problem = monitor.problem(of: key)
    // A problem of the last minute is still worth a look, though the room works again.
    let isRecent = problem.map { Clock.nowMilliseconds() - $0.at < 60_000 } ?? false
    return ChainStatus.Room(
      name, summary: summary, state: isOff ? .off : isFailing ? .error : isRecent ? .warning : .ok,
      recordsPerSecond: records.map { monitor.rates.perSecond($0) },
      bytesPerSecond: bytes.map { monitor.rates.perSecond($0) }, items: isOff ? [] : items, lastError: problem,
      next: next)
  }

  private func collect() -> ChainStatus.Room {
    let sources = rooms.collectors.map { $0.status() }
    return room(
      "Collect", sources.map(\.name).joined(separator: ", "), key: "collect", isOff: sources.isEmpty,
      isFailing: sources.contains { $0.failuresInARow > 0 || $0.pausedBecause != nil },
      records: "millrace_collect_documents_total", bytes: "millrace_collect_bytes_total",
      items: sources.flatMap { source -> [ChainStatus.Item] in
        var items: [ChainStatus.Item] = [
          .init("\(source.name): documents", Double(source.written)),
          .init("\(source.name): last answer", source.lastSuccess.map(Double.init), unit: .timeAgo),
        ]
        if source.failed > 0 {
          items.append(.init("\(source.name): failures", Double(source.failed), state: .warning))
        }
        if let reason = source.pausedBecause {
          items.append(.init("\(source.name): paused", text: reason, state: .error))
        }
        return items
      }, next: ["Agent"])
  }

  private func agent() -> ChainStatus.Room {
    let agents = rooms.agents.map(\.status)
    let failed = agents.flatMap(\.components).filter { $0.state == .failed }
    return room(
      "Agent", configuration.agents.map { "\($0.name) (\($0.file))" }.joined(separator: ", "), key: "agent",
      isOff: agents.isEmpty, isFailing: !failed.isEmpty,
      items: agents.flatMap { agent in
        agent.components.filter { $0.kind != "SOURCE" || $0.state == .failed }.map { component in
          let name = "\(agent.agent).\(component.name)"
          if component.state == .failed { return .init(name, text: component.problem ?? "failed", state: .error) }
          return component.kind == "CHANNEL"
            ? .init("\(name): in the channel", Double(component.counter("ChannelSize")))
            : .init("\(name): events out", Double(component.counter("EventDrainSuccessCount")))
        }
      }, next: ["Log", "Archive"])
  }

  private func log() -> ChainStatus.Room {
    let snapshot = rooms.localLog?.snapshot()
    let summary =
      rooms.kafkaServer.map { "built in, Kafka protocol on \($0.address)" }
      ?? "Kafka at \(configuration.log.servers ?? "")"
    return room(
      "Log", summary, key: "log", isOff: false, records: "millrace_log_appended_records_total",
      bytes: "millrace_log_appended_bytes_total",
      items: (snapshot?.partitions ?? []).map { partition in
        .init("\(partition.topicPartition): records", Double(partition.endOffset - partition.startOffset))
      }
        + (snapshot?.lags ?? []).map { lag in
          .init("\(lag.group) behind \(lag.topicPartition)", Double(lag.lag))
        }, next: ["Archive", "Query"])
  }

  private func archive() -> ChainStatus.Room {
    let sinks = rooms.agents.map(\.status).flatMap(\.components)
      .filter(\.isArchive)
    return room(
      "Archive", configuration.archive.webhdfs.map { "HDFS at \($0)" } ?? configuration.archive.root, key: "archive",
      isOff: rooms.agents.isEmpty,
      items: sinks.flatMap { sink -> [ChainStatus.Item] in
        [
          .init("\(sink.name): files opened", Double(sink.counter("ConnectionCreatedCount"))),
          .init("\(sink.name): files complete", Double(sink.counter("ConnectionClosedCount"))),
        ]
      }, next: [])
  }

  private func query() -> ChainStatus.Room {
    let states = rooms.queries.map { ($0, $0.status) }
    return room(
      "Query", configuration.queries.map(\.name).joined(separator: ", "), key: "query", isOff: rooms.queries.isEmpty,
      isFailing: states.contains { $0.0.exception != nil }, records: "millrace_query_output_rows_total",
      items: states.flatMap { query, status -> [ChainStatus.Item] in
        var items: [ChainStatus.Item] = [.init("\(query.name): lag", Double(rooms.lag(of: query.name)))]
        if let exception = query.exception {
          items.append(.init(query.name, text: "\(exception)", state: .error))
        } else {
          items.append(.init(query.name, text: status.message))
        }
        return items
      }, next: ["Store"])
  }

  private func store() -> ChainStatus.Room {
    var problem: ChainStatus.Item?
    var snapshot: StoreSnapshot?
    do { snapshot = try rooms.engine?.snapshot() } catch {
      problem = .init("the store can't be looked at", text: "\(error)", state: .error)
    }
    let health = (rooms.writer as? InfluxWriter)?.state
    var items: [ChainStatus.Item] = (snapshot?.databases ?? []).flatMap { database -> [ChainStatus.Item] in
      [
        .init("\(database.name): points", Double(database.points)),
        .init("\(database.name): series", Double(database.series)),
        .init("\(database.name): on disk", Double(database.bytes), unit: .bytes),
      ]
    }
    if let problem { items.append(problem) }
    if let health {
      items.append(.init("writing", text: health.reason ?? "ready", state: health.phase == .ready ? .ok : .error))
    }
    return room(
      "Store",
      rooms.storeServer.map { "built in, InfluxDB API on \($0.address)" }
        ?? configuration.store?.url.map { "InfluxDB at \($0)" } ?? "",
      key: "store", isOff: configuration.store == nil, isFailing: health.map { $0.phase != .ready } ?? false,
      records: rooms.engine == nil ? "millrace_store_writer_lines_total" : "millrace_store_points_total", items: items,
      next: ["View"])
  }

  private func view() -> ChainStatus.Room {
    room(
      "View", rooms.view.map { "http://\($0.address)/" } ?? "", key: "view", isOff: rooms.view == nil,
      items: [
        .init("dashboard queries", Double(Metrics.shared.sum("millrace_view_queries_total"))),
        .init(
          "alerts firing", Double(rooms.alerts?.firingCount ?? 0),
          state: rooms.alerts?.firingCount ?? 0 > 0 ? .warning : .ok),
      ], next: [])
  }
}
