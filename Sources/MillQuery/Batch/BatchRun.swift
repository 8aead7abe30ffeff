import MillBase
import MillColumns
import MillLog

/// One run of a batch plan: every operator hands its rows to the one above, in order.
struct BatchRun {
  let query: CompiledQuery
  let inputs: [String]?
  let places: BatchQuery.Places
  let lanes: Int
  let chunkBytes: Int
  let now: Int64
  let stop: Signal
  /// Gets the counts and broken lines of every chunk, in order.
  let onChunk: (ReadChunk) throws -> Void
  /// For a micro-batch of a stream; nil = files only, no state.
  var stream: StreamPart?

  struct ReadChunk: Sendable {
    var bytes: Int64
    var rows: Int
    var malformed: [QueryOutput.Malformed]
  }

  /// Rows that an operator hands on at once.
  static let rowsMax = 65_536
  /// ORDER BY with a LIMIT up to so many rows keeps only these.
  static let firstRowsMax = 1 << 20

  /// - Parameters:
  ///   - encode: runs on the lanes where it can.
  ///   - sink: gets the results in order; false = no more are wanted.
  /// - Returns: false when the sink wanted no more.
  @discardableResult
  func run<Output: Sendable>(
    _ plan: BatchPlan, encode: @escaping @Sendable (ColumnBatch) throws -> Output, sink: (Output) throws -> Bool
  ) throws -> Bool {
    switch plan {
    case .pipeline(let pipeline): return try run(pipeline, encode: encode, sink: sink)
    case .aggregate(let aggregation, let input):
      let table = AggregateTable(aggregation)
      let query = query
      try run(
        input,
        encode: { batch in
          let part = AggregateTable(aggregation)
          try query.located { try part.update(batch) }
          return part
        },
        sink: { part in
          try query.located { try table.merge(part) }
          return true
        })
      if let state = aggregation.state, let stream {
        let stateful = StatefulAggregate(aggregation, stream.stores[state.number], stream.mode, stream.watermarks)
        try query.located { try stateful.run(table) { try hand($0, encode, sink) } }
        return true
      }
      return try hand(query.located { try table.result() }, encode, sink)
    case .deduplicate(let deduplication, let input):
      guard let state = deduplication.state, let stream else {
        let seen = FirstRows()
        return try run(input, encode: { FirstRows.Keyed($0, deduplication) }) { keyed in
          let new = seen.filter(keyed)
          return try new.isEmpty || sink(encode(new))
        }
      }
      let stateful = StatefulDeduplicate(deduplication, stream.stores[state.number], stream.watermarks)
      let goesOn = try run(input, encode: { $0 }) { batch in
        let new = try stateful.filter(batch)
        return try new.isEmpty || sink(encode(new))
      }
      try stateful.evict()
      return goesOn
    case .limit(let count?, let offset, .sort(let keys, let kept, let input))
    where count > 0 && max(count, offset) < Self.firstRowsMax:
      let rows = sorted(try first(count + offset, keys, input), keys, kept)
      let start = min(offset, rows.count)
      return try hand(rows.slice(from: start, count: min(count, rows.count - start)), encode, sink)
    case .sort(let keys, let kept, let input): return try hand(sorted(collect(input), keys, kept), encode, sink)
    case .window(let window, let input):
      let rows = try collect(input)
      return try hand(query.located { try window.run(rows) }, encode, sink)
    case .limit(let count, let offset, let input):
      var (toSkip, left) = (offset, count ?? .max)
      if left == 0 { return true }
      var isWanted = true
      try run(input, encode: { $0 }) { batch in
        let start = min(toSkip, batch.count)
        toSkip -= start
        let length = min(batch.count - start, left)
        left -= length
        if length > 0 { isWanted = try sink(encode(batch.slice(from: start, count: length))) }
        return isWanted && left > 0
      }
      return isWanted
    case .join(let join, let left, let right):
      let build = join.build(try collect(right))
      let (query, now) = (query, now)
      let step: @Sendable (inout HashJoin.Probe) throws -> Output = { probe in
        try encode(query.withLane(now: now) { lane in try query.located { try join.next(&probe, build, lane) } })
      }
      return try run(
        left,
        encode: { batch in
          var probe = HashJoin.Probe(batch)
          return (try step(&probe), probe)
        },
        sink: { first, probe in
          guard try sink(first) else { return false }
          // A row may have any number of partners: what is more than one step comes when it is wanted.
          var probe = probe
          while !probe.isAtEnd {
            if stop.isSet { throw MillError(.stopped, "the query is stopped") }
            guard try sink(step(&probe)) else { return false }
          }
          return true
        })
    }
  }

  private func sorted(_ rows: ColumnBatch, _ keys: [RowSort.Key], _ kept: Schema) -> ColumnBatch {
    let order = RowSort.order(rows.columns, count: rows.count, by: keys)
    return ColumnBatch(kept, Array(rows.columns.prefix(kept.count)), count: rows.count).take(order)
  }

  /// The rows of an unsorted input that come first, in the input's order; twice as many are kept at most.
  private func first(_ count: Int, _ keys: [RowSort.Key], _ input: BatchPlan) throws -> ColumnBatch {
    let schema = input.schema
    let cut: @Sendable (ColumnBatch) -> ColumnBatch = { batch in
      batch.count <= count
        ? batch : batch.take(RowSort.order(batch.columns, count: batch.count, by: keys).prefix(count).sorted())
    }
    var (kept, keptCount): ([ColumnBatch], Int) = ([], 0)
    try run(input, encode: cut) { batch in
      kept.append(batch)
      keptCount += batch.count
      if keptCount >= max(2 * count, Self.rowsMax) {
        kept = [cut(ColumnBatch.concatenate(kept, schema: schema))]
        keptCount = kept[0].count
      }
      return true
    }
    return ColumnBatch.concatenate(kept, schema: schema)
  }

  func collect(_ plan: BatchPlan) throws -> ColumnBatch {
    var batches: [ColumnBatch] = []
    try run(plan, encode: { $0 }) { batch in
      batches.append(batch)
      return true
    }
    return ColumnBatch.concatenate(batches, schema: plan.schema)
  }

  private func hand<Output: Sendable>(
    _ batch: ColumnBatch, _ encode: (ColumnBatch) throws -> Output, _ sink: (Output) throws -> Bool
  ) throws -> Bool {
    if batch.count <= Self.rowsMax { return try sink(encode(batch)) }
    for start in stride(from: 0, to: batch.count, by: Self.rowsMax) {
      let part = batch.slice(from: start, count: min(Self.rowsMax, batch.count - start))
      guard try sink(encode(part)) else { return false }
    }
    return true
  }

  // MARK: Pipelines

  private func run<Output: Sendable>(
    _ pipeline: Pipeline, encode: @escaping @Sendable (ColumnBatch) throws -> Output,
    sink: (Output) throws -> Bool
  ) throws -> Bool {
    let (query, now) = (query, now)
    let buffers = BufferPool()
    let streams = stream == nil ? [] : pipeline.sources.filter(\.isStreaming).map(\.name)
    if let stream, !streams.isEmpty {
      let input = try BatchInput(
        pipeline, stream.ranges.only(of: streams), query: query, chunkBytes: chunkBytes, now: now, stop: stop)
      let work = OrderedLanes(lanes: lanes, name: "lane", source: input) { piece in
        var (output, read) = try piece.process(query, pipeline, buffers, now: now, keepsLines: true)
        let encoded = try encode(output.batch)
        output.batch = ColumnBatch(pipeline.schema, output.batch.columns.map { $0.slice(from: 0, count: 0) }, count: 0)
        return (encoded, piece, output, read)
      }
      defer { work.cancel() }
      while let (encoded, piece, output, read) = try work.next() {
        try stream.onPiece(piece, output, read)
        guard try sink(encoded) else { return false }
      }
    }
    let still = stream == nil ? pipeline.sources : pipeline.sources.filter { !$0.isStreaming }
    if !still.isEmpty {
      let input = try BatchInput(
        pipeline, still, query: query, inputs: inputs, places: places, chunkBytes: chunkBytes, now: now, stop: stop)
      try onChunk(ReadChunk(bytes: input.fileBytes, rows: 0, malformed: []))
      let work = OrderedLanes(lanes: lanes, name: "lane", source: input) { piece in
        let (output, read) = try piece.process(query, pipeline, buffers, now: now)
        return (try encode(output.batch), read)
      }
      defer { work.cancel() }
      while let (output, chunk) = try work.next() {
        try onChunk(chunk)
        guard try sink(output) else { return false }
      }
    }
    if pipeline.hasOneRow {
      let input = ScanInput.records(RecordBatch(topicPartition: TopicPartition("", 0), nextOffset: 0))
      let output = try query.process(pipeline, input, from: Operator.noSource, now: now)
      guard try sink(encode(output.batch)) else { return false }
    }
    for (name, plan) in pipeline.inputs {
      let goesOn = try run(
        plan,
        encode: { batch -> (Output, [Int: EventTimeStats]) in
          let output = try query.process(pipeline, .rows(batch), from: name, now: now)
          return (try encode(output.batch), output.eventTimes)
        },
        sink: { encoded, eventTimes in
          stream?.onTimes(eventTimes)
          return try sink(encoded)
        })
      guard goesOn else { return false }
    }
    return true
  }
}

extension BatchPlan {
  /// The schema of the rows that it hands on.
  fileprivate var schema: Schema {
    switch self {
    case .pipeline(let pipeline): pipeline.schema
    case .aggregate(let aggregation, _): aggregation.schema
    case .deduplicate(let deduplication, _): deduplication.schema
    case .sort(_, let kept, _): kept
    case .window(let window, _): window.schema
    case .limit(_, _, let input): input.schema
    case .join(let join, _, _): join.schema
    }
  }
}
