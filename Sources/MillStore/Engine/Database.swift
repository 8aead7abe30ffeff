import MillBase
import Synchronization

/// One database (InfluxDB 2: bucket) of the built-in store.
///
/// Writers take turns (one transaction a request); queries read a snapshot meanwhile and block nobody.
final class Database: Sendable {
  let name: String
  let storage: any PointStorage
  private let catalog = Mutex(Catalog())
  private let writer: Mutex<WritePath>

  init(name: String, storage: any PointStorage) throws {
    self.name = name
    self.storage = storage
    writer = Mutex(WritePath())
    try writer.withLock { try reload(&$0) }
  }

  /// For queries: a consistent copy.
  func currentCatalog() -> Catalog { catalog.withLock { $0 } }

  /// Series, points and fields, without looking at the disk.
  var counts: (series: Int, points: Int64) { writer.withLock { ($0.series.entries.count, $0.points) } }

  func setRetention(nanoseconds: Int64) throws {
    try writer.withLock { path in
      try storage.transaction { try $0.setNumber("retention", nanoseconds) }
      path.retention = nanoseconds
      catalog.withLock { $0.retention = nanoseconds }
    }
  }

  func close() throws { try writer.withLock { _ in try storage.close() } }

  // MARK: Writing

  /// Writes the points as one transaction. Points that don't fit what is stored are dropped, with the reason.
  func write(_ parsed: ParsedPoints, now: Int64) throws -> (written: Int, dropped: [RejectedLine]) {
    if parsed.points.isEmpty { return (0, []) }
    return try writer.withLock { path in
      do {
        var dropped: [RejectedLine] = []
        var added = Catalog()
        var written = 0
        try storage.transaction { transaction in
          written = try path.put(parsed, now: now, transaction, &added, &dropped)
        }
        if !added.measurements.isEmpty { merge(added) }
        return (written, dropped)
      } catch {
        // The transaction is undone, so what the write path remembers of it must go too.
        try reload(&path)
        throw error
      }
    }
  }

  private func merge(_ added: Catalog) {
    catalog.withLock { catalog in
      for (name, news) in added.measurements {
        var all =
          catalog.measurements.removeValue(forKey: name) ?? MeasurementInfo(id: news.id, name: name)
        all.fields += news.fields
        all.series += news.series
        catalog.measurements[name] = all
      }
    }
  }

  // MARK: Deleting

  /// Deletes the points in the time range of the series that `isChosen`; with `dropsSeries` the series too, and
  /// measurements that have no series left.
  func delete(
    from: Int64 = .min, through: Int64 = .max, dropsSeries: Bool,
    where isChosen: (MeasurementInfo, SeriesInfo) throws -> Bool
  ) throws {
    try writer.withLock { path in
      let known = currentCatalog()
      var points = path.points
      try storage.transaction { transaction in
        for measurement in known.measurements.values {
          var left = measurement.series.count
          for series in measurement.series where try isChosen(measurement, series) {
            points -= Int64(try transaction.deletePoints(series: series.id, from: from, through: through))
            if dropsSeries {
              try transaction.deleteSeries(series.id)
              left -= 1
            }
          }
          if left == 0 { try transaction.deleteMeasurement(measurement.id) }
        }
        try transaction.setNumber("points", points)
      }
      try reload(&path)
    }
  }

  /// Deletes what is older than the retention. Returns how many points went.
  @discardableResult
  func enforceRetention(now: Int64) throws -> Int {
    try writer.withLock { path in
      guard path.retention > 0 else { return 0 }
      var gone = 0
      try storage.transaction { transaction in
        for entry in path.series.entries {
          gone += try transaction.deletePoints(series: entry.id, from: .min, through: now - path.retention - 1)
        }
        try transaction.setNumber("points", path.points - Int64(gone))
      }
      path.points -= Int64(gone)
      return gone
    }
  }

  // MARK: Loading

  private func reload(_ path: inout WritePath) throws {
    let stored = try storage.loadCatalog()
    path = WritePath(stored)
    var loaded = Catalog()
    loaded.retention = path.retention
    var names: [Int64: (name: String, count: Int)] = [:]
    for (id, key) in stored.measurements {
      let name = LineParser.unescapeMeasurement(key)
      names[id] = (name, key.count)
      loaded.measurements[name] = MeasurementInfo(id: id, name: name)
    }
    for (measurement, number, key, type) in stored.fields {
      guard let (name, _) = names[measurement] else { continue }
      loaded.measurements[name]!.fields.append(
        FieldInfo(number: number, name: LineParser.unescapeTag(key), type: type))
    }
    for (id, measurement, key) in stored.series {
      guard let (name, count) = names[measurement] else { continue }
      loaded.measurements[name]!.series.append(SeriesInfo(id: id, key: key, measurementCount: count))
    }
    catalog.withLock { $0 = loaded }
  }
}
