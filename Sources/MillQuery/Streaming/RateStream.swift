import MillBase
import MillColumns

extension RateSource {
  /// As Spark's micro-batch streams call themselves; the bracket of the first is theirs to close.
  var description: String {
    switch pace {
    case .perSecond(let rows, let rampUp):
      "RateStreamV2[rowsPerSecond=\(rows), rampUpTimeSeconds=\(rampUp), "
        + "numPartitions=\(numPartitions.map(String.init) ?? "default")"
    case .perBatch(let rows, let start, let advance):
      "RatePerMicroBatchStream[rowsPerBatch=\(rows), numPartitions=\(numPartitions ?? BatchQuery.processorCount), "
        + "startTimestamp=\(start), advanceMsPerBatch=\(advance)]"
    }
  }
}

/// Rows with counted values, made when a lane comes for them.
struct RowRange: Sendable {
  let source: String
  let schema: Schema
  let values: Range<Int64>
  /// Milliseconds since 1970 of a value.
  let time: @Sendable (Int64) -> Int64

  /// Rows of one column batch, at most.
  static let rowsMax: Int64 = 65_536

  var batches: [@Sendable () -> ColumnBatch] {
    stride(from: values.lowerBound, to: values.upperBound, by: Int(Self.rowsMax)).map { start in
      let part = start..<min(values.upperBound, start + Self.rowsMax)
      return { batch(part) }
    }
  }

  private func batch(_ part: Range<Int64>) -> ColumnBatch {
    let times = Column.fixed(.timestamp, count: part.count, as: Int64.self) { target in
      for (row, value) in part.enumerated() { target[row] = time(value) * 1000 }
    }
    let numbers = Column.fixed(.long, count: part.count, as: Int64.self) { target in
      for (row, value) in part.enumerated() { target[row] = value }
    }
    return ColumnBatch(schema, [times, numbers], count: part.count)
  }
}

/// `rate`: rows for every second that has gone by since the query began (Spark's RateStreamMicroBatchStream).
final class RateStream: StreamSource {
  let name: String
  let description: String
  let pollInterval: Duration = .milliseconds(50)
  private let schema: Schema
  private let rowsPerSecond: Int64
  private let rampUpSeconds: Int64
  /// Milliseconds since 1970: when the query began for the first time.
  private let beginning: Int64
  /// Seconds that an AvailableNow run ends with.
  private let target = Frozen<Int64>()

  init(
    name: String, rate: RateSource, rowsPerSecond: Int64, rampUpSeconds: Int64, schema: Schema, beginning: Int64
  ) {
    self.name = name
    description = rate.description
    self.rowsPerSecond = rowsPerSecond
    self.rampUpSeconds = rampUpSeconds
    self.schema = schema
    self.beginning = beginning
  }

  /// The first value after so many seconds. While the speed grows, second n has n times what the first one has.
  static func value(at seconds: Int64, rowsPerSecond: Int64, rampUpSeconds: Int64) -> Int64 {
    let growth = rowsPerSecond / (rampUpSeconds + 1)
    let grown = min(seconds, rampUpSeconds)
    return growth * (grown * (grown + 1) / 2) + (seconds - grown) * rowsPerSecond
  }

  func initialOffset() throws -> SourceOffset { .seconds(0) }

  func offset(_ json: JSONValue) throws -> SourceOffset {
    guard let seconds = json.integer else {
      throw SourceChanged(text: "the checkpoint holds \(json.text()), which is no offset of a rate source")
    }
    return .seconds(seconds)
  }

  private var now: Int64 { max(0, (Clock.nowMilliseconds() - beginning) / 1000) }

  func freeze(after offset: SourceOffset, ignoresLimits: Bool) throws { target.set(now) }

  func next(after offset: SourceOffset, mayRest: Bool = false) throws -> SourceStep {
    guard case .seconds(let start) = offset else { preconditionFailure("offsets of another source") }
    let end = max(start, target.value ?? now)
    return SourceStep(
      start: offset, end: .seconds(end), latest: .seconds(end), hasData: end > start,
      behind: value(end) - value(start))
  }

  private func value(_ seconds: Int64) -> Int64 {
    Self.value(at: seconds, rowsPerSecond: rowsPerSecond, rampUpSeconds: rampUpSeconds)
  }

  func ranges(from start: SourceOffset, to end: SourceOffset) throws -> StreamRanges {
    guard case .seconds(let start) = start, case .seconds(let end) = end else {
      preconditionFailure("offsets of another source")
    }
    let (first, last) = (value(start), value(end))
    guard last > first else { return StreamRanges() }
    let millisecondsPerValue = Double((end - start) * 1000) / Double(last - first)
    let begin = beginning + start * 1000
    return StreamRanges(
      rows: [
        RowRange(source: name, schema: schema, values: first..<last) {
          begin + Int64((Double($0 - first) * millisecondsPerValue + 0.5).rounded(.down))
        }
      ])
  }
}

/// `rate-micro-batch`: so many rows a micro-batch, the same in every run (Spark's RatePerMicroBatchStream).
final class RateMicroBatchStream: StreamSource {
  let name: String
  let description: String
  let pollInterval: Duration = .milliseconds(10)
  private let schema: Schema
  private let rowsPerBatch: Int64
  private let startTimestamp: Int64
  private let advance: Int64
  private let target = Frozen<SourceOffset>()

  init(
    name: String, rate: RateSource, rowsPerBatch: Int64, startTimestamp: Int64, advance: Int64, schema: Schema
  ) {
    self.name = name
    description = rate.description
    self.rowsPerBatch = rowsPerBatch
    self.startTimestamp = startTimestamp
    self.advance = advance
    self.schema = schema
  }

  func initialOffset() throws -> SourceOffset { .row(0, timestamp: startTimestamp) }

  func offset(_ json: JSONValue) throws -> SourceOffset {
    guard let row = json["offset"]?.integer, let timestamp = json["timestamp"]?.integer else {
      throw SourceChanged(text: "the checkpoint holds \(json.text()), which is no offset of a rate-micro-batch source")
    }
    return .row(row, timestamp: timestamp)
  }

  private func step(_ offset: SourceOffset) -> SourceOffset {
    guard case .row(let row, let timestamp) = offset else { preconditionFailure("offsets of another source") }
    return .row(row + rowsPerBatch, timestamp: timestamp + advance)
  }

  func freeze(after offset: SourceOffset, ignoresLimits: Bool) throws { target.set(step(offset)) }

  func next(after offset: SourceOffset, mayRest: Bool = false) throws -> SourceStep {
    let end = target.value ?? step(offset)
    return SourceStep(start: offset, end: end, latest: nil, hasData: end != offset)
  }

  func ranges(from start: SourceOffset, to end: SourceOffset) throws -> StreamRanges {
    guard case .row(let first, let timestamp) = start, case .row(let last, _) = end else {
      preconditionFailure("offsets of another source")
    }
    guard last > first else { return StreamRanges() }
    return StreamRanges(rows: [RowRange(source: name, schema: schema, values: first..<last) { _ in timestamp }])
  }
}
