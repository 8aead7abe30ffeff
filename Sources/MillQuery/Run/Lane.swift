import MillBase
import MillColumns

/// What one lane keeps between record batches: JSON readers, compiled patterns, the clock of the batch.
final class Lane {
  /// Microseconds since 1970: current_timestamp() is the same all through a micro-batch.
  var now: Int64 = 0
  /// The session's clock.
  let time: LocalTime
  var patterns = PatternCache()
  /// What the current record batch held that is no JSON.
  var malformed: [QueryOutput.Malformed] = []
  var misfitCount = 0
  /// Event times that went by, by the number of the watermark.
  var eventTimes: [Int: EventTimeStats] = [:]

  private let needs: [Int: NeededJSON]
  private var readers: [Int: JSONReader] = [:]

  /// - Parameter needs: by the number of the from_json call, what the query uses of its result.
  init(needs: [Int: NeededJSON], time: LocalTime = LocalTime()) {
    self.needs = needs
    self.time = time
  }

  /// - Parameter times: timestamps, or windows, whose time is their end.
  func note(_ times: Column, of watermark: Int) {
    let values = times.type == .timestamp ? times : times.children[1]
    var stats = eventTimes[watermark] ?? EventTimeStats()
    for row in 0..<times.count {
      let value = times.isNull(row) ? 0 : values.fixed(row, as: Int64.self)
      stats.add(milliseconds: value.flooredDivision(by: 1000))
    }
    eventTimes[watermark] = stats
  }

  /// from_json over the rows of a vector.
  func read(_ input: Vector, _ json: FromJSON, _ evaluation: Evaluation) throws -> Vector {
    let reader: JSONReader
    if let known = readers[json.id] {
      reader = known
    } else {
      var options = json.options
      if options.timeZone == nil { options.timeZone = time.zone?.name }
      reader = try JSONReader(json.schema, options: options, needed: needs[json.id] ?? .all)
      readers[json.id] = reader
    }
    var rows: JSONRows
    do {
      switch input.storage {
      case .scanned(.records(let records)): rows = try reader.read(records)
      case .scanned(.lines(let lines)):
        for row in 0..<lines.count { try reader.append(inPlace: lines.bytes(row), count: Int(lines.counts[row])) }
        rows = reader.finish()
        if !lines.arrays.isEmpty { rows.join(lines, corrupt: reader.corruptColumn) }
      case .scanned(.rows): preconditionFailure("rows have columns, not values")
      case .column(let column), .constant(let column): rows = try reader.read(column)
      }
    } catch let error as MillError where error.code == .badInput {
      throw RowFailure(
        failure: Failure(
          "[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] Malformed records are detected in record parsing: "
            + "\(error.message). Parse Mode: FAILFAST. SQLSTATE: 22023"), row: reader.count, position: nil)
    }
    if json.reportsMalformed {
      for document in rows.malformed {
        let reason = "from_json: \(document.reason) at byte \(document.position)"
        malformed.append(.init(slot: evaluation.frame.slot(document.row), reason: reason))
      }
    }
    misfitCount += rows.misfitCount
    let column = rows.column.widened(to: json.schema)
    return input.isConstant ? Vector(constant: column, count: evaluation.count) : Vector(column)
  }
}

extension FromJSON {
  /// A query whose schema has the corrupt record column looks after such records itself.
  var reportsMalformed: Bool {
    guard case .struct(let fields) = schema else { return true }
    return fields.index(of: options.columnNameOfCorruptRecord) == nil
  }
}

extension Column {
  /// The column with its pruned fields in place again, as columns without values: nobody asks for them, but the
  /// others keep their numbers.
  func widened(to full: DataType) -> Column {
    if type == full { return self }
    switch (type, full) {
    case (.struct(let have), .struct(let want)):
      // Repeated names: a field takes the place of the last one, which is the one that is read.
      let children = want.columns.enumerated().map { index, column in
        let isHidden = want.columns[(index + 1)...].contains { $0.name == column.name }
        guard !isHidden, let found = have.columns.lastIndex(where: { $0.name == column.name }) else {
          return Column(.null, count: count)
        }
        return self.children[found].widened(to: column.type)
      }
      return Column(full, count: count, validity: validity, children: children)
    case (.array, .array(let element)):
      return Column(
        full, count: count, validity: validity, offsets: offsets, children: [children[0].widened(to: element)])
    case (.map, .map(let key, let value)):
      return Column(
        full, count: count, validity: validity, offsets: offsets,
        children: [children[0].widened(to: key), children[1].widened(to: value)])
    default: return self
    }
  }
}
