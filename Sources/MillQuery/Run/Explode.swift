import MillColumns

/// explode: a row for every element. The elements' column is the array's own child: nothing is copied.
struct Explode {
  let generator: Generator
  let wanted: Set<Int>
  let inputCount: Int

  func run(_ frame: Frame, _ lane: Lane) throws -> Frame {
    if frame.count == 0 { return empty(frame) }
    let list = try generator.input.evaluate(Evaluation(frame: frame, active: nil, lane: lane)).column
    if list.type == .null { return empty(frame) }
    return generator.isOuter || hasHiddenElements(list) ? picked(list, frame) : whole(list, frame)
  }

  /// Null rows may cover elements (a struct that is null over an array that is not): these must not come out.
  private func hasHiddenElements(_ list: Column) -> Bool {
    list.nullCount > 0 && (0..<list.count).contains { list.isNull($0) && list.offset($0) != list.offset($0 + 1) }
  }

  /// Number of the position's column, when it has one and somebody wants it.
  private var isPositionWanted: Bool { generator.hasPosition && wanted.contains(inputCount) }
  private var firstValue: Int { inputCount + (generator.hasPosition ? 1 : 0) }

  private func whole(_ list: Column, _ frame: Frame) -> Frame {
    let (start, end) = (list.offset(0), list.offset(list.count))
    let values = list.children.map { $0.slice(from: start, count: end - start) }
    var parents: [Int32]?
    func parentRows() -> [Int32] {
      if let parents { return parents }
      var rows: [Int32] = []
      rows.reserveCapacity(end - start)
      for row in 0..<list.count {
        for _ in list.offset(row)..<list.offset(row + 1) { rows.append(Int32(row)) }
      }
      parents = rows
      return rows
    }
    var position: Column?
    if isPositionWanted {
      position = Column.fixed(.integer, count: end - start, as: Int32.self) { target in
        for row in 0..<list.count {
          for (number, at) in (list.offset(row)..<list.offset(row + 1)).enumerated() {
            target[at - start] = Int32(number)
          }
        }
      }
    }
    let columns = frame.columns.enumerated().map { index, vector in
      wanted.contains(index) ? vector?.take(parentRows()) : nil
    }
    return Frame(
      columns: columns + generated(position, values), count: end - start,
      slot: { row in
        // Only asked when something is wrong: look for the row that the element lies in.
        var (low, high) = (0, list.count)
        while low + 1 < high {
          let middle = (low + high) / 2
          if list.offset(middle) - start <= row { low = middle } else { high = middle }
        }
        return frame.slot(low)
      })
  }

  /// The general way: parents and elements by number.
  private func picked(_ list: Column, _ frame: Frame) -> Frame {
    var (parents, elements, positions): ([Int32], [Int32], [Value]) = ([], [], [])
    for row in 0..<list.count {
      let isEmpty = list.isNull(row) || list.offset(row) == list.offset(row + 1)
      if isEmpty {
        guard generator.isOuter else { continue }
        parents.append(Int32(row))
        elements.append(-1)
        positions.append(.null)
      } else {
        for (number, at) in (list.offset(row)..<list.offset(row + 1)).enumerated() {
          parents.append(Int32(row))
          elements.append(Int32(at))
          positions.append(.integer(Int64(number)))
        }
      }
    }
    let values = list.children.map { $0.take(elements) }
    let position = isPositionWanted ? Column(.integer, positions) : nil
    let columns = frame.columns.enumerated().map { index, vector in
      wanted.contains(index) ? vector?.take(parents) : nil
    }
    return Frame(
      columns: columns + generated(position, values), count: parents.count, slot: { frame.slot(Int(parents[$0])) })
  }

  private func generated(_ position: Column?, _ values: [Column]) -> [Vector?] {
    var columns: [Vector?] = generator.hasPosition ? [position.map { Vector($0) }] : []
    let fields = generator.inlinesFields ? values[0].children.indices.map { values[0].field($0) } : values
    for (index, field) in fields.enumerated() {
      columns.append(wanted.contains(firstValue + index) ? Vector(field) : nil)
    }
    return columns
  }

  private func empty(_ frame: Frame) -> Frame {
    var types: [DataType] = generator.hasPosition ? [.integer] : []
    switch generator.input.type {
    case .array(.struct(let schema)) where generator.inlinesFields: types += schema.columns.map(\.type)
    case .array(let element): types.append(element)
    case .map(let key, let value): types += [key, value]
    default: break
    }
    let before = frame.columns.map { $0?.take([]) }
    return Frame(columns: before + types.map { Vector(Column($0, [])) }, count: 0, slot: { $0 })
  }
}
