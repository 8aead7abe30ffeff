import MillBase
import MillColumns

/// The elements of an array or map column that lie in rows that are not null, and their rows.
struct ListElements {
  private(set) var parents: [Int32] = []
  private(set) var indices: [Int32] = []
  /// For every row the number of its first element here; one more at the end.
  private(set) var starts: [Int32] = [0]
  let list: Column

  init(_ list: Column) {
    self.list = list
    for row in 0..<list.count {
      if !list.isNull(row) {
        for element in list.offset(row)..<list.offset(row + 1) {
          parents.append(Int32(row))
          indices.append(Int32(element))
        }
      }
      starts.append(Int32(indices.count))
    }
  }

  func child(_ number: Int) -> Column { list.children[number].take(indices) }

  func range(_ row: Int) -> Range<Int> { Int(starts[row])..<Int(starts[row + 1]) }

  /// 0, 1, … in every row.
  var positions: Column {
    Column.fixed(.integer, count: parents.count, as: Int32.self) { target in
      for index in parents.indices { target[index] = Int32(index) - starts[Int(parents[index])] }
    }
  }

  /// Arrays or maps with as many elements in every row.
  func lists(_ type: DataType, _ children: [Column]) -> Vector { lists(type, children, ends: starts) }

  /// The same for the kept elements only, which are ascending numbers.
  func lists(_ type: DataType, keeping kept: [Int32], _ children: [Column]) -> Vector {
    var ends: [Int32] = [0]
    var at = 0
    for row in 0..<list.count {
      while at < kept.count, kept[at] < starts[row + 1] { at += 1 }
      ends.append(Int32(at))
    }
    return lists(type, children.map { $0.take(kept) }, ends: ends)
  }

  private func lists(_ type: DataType, _ children: [Column], ends: [Int32]) -> Vector {
    var offsets = BufferBuilder(capacity: ends.count * 4)
    for end in ends { offsets.append(end) }
    return Vector(
      Column(type, count: list.count, validity: list.validity, offsets: offsets.take(), children: children))
  }
}

enum LambdaLibrary {
  static let all: [String: LambdaRule] = arrayRules.merging(mapRules) { first, _ in first }

  /// `any` and `exists` with a lambda are not the aggregate functions.
  static func takes(_ arguments: [Syntax]) -> Bool {
    arguments.contains { if case .lambda = $0.kind { true } else { false } }
  }

  /// The last lambda's result as BOOLEAN; text becomes it by itself where Spark lets it.
  static func condition(_ call: FunctionCall, _ bodies: inout [Expression]) throws {
    guard bodies[0].type != .boolean else { return }
    guard bodies[0].type == .null else {
      throw call.error("the lambda of \(call.name) must give BOOLEAN, not \(bodies[0].type.sql)")
    }
    bodies[0] = try call.cast(bodies[0], to: .boolean)
  }

  static func wantsArray(_ call: inout FunctionCall) throws { _ = try call.array(0) }

  static func element(_ call: FunctionCall, _ index: Int = 0) -> DataType {
    if case .array(let element) = call.type(index) { element } else { .null }
  }

  private static let arrayRules: [String: LambdaRule] = [
    "transform": LambdaRule(
      form: "transform(array, x -> …) or transform(array, (x, i) -> …)", prepare: wantsArray,
      variables: { call, _ in [element(call), .integer] }, variableCounts: { _ in 1...2 },
      build: { _, bodies in
        let type = DataType.array(bodies[0].type)
        return (
          type,
          { arguments, lambdas in
            let elements = ListElements(arguments[0].column)
            let values = try lambdas.evaluate(
              0, parents: elements.parents, [elements.child(0), elements.positions])
            return elements.lists(type, [values])
          }
        )
      }),
    "filter": LambdaRule(
      form: "filter(array, x -> condition)", prepare: wantsArray,
      variables: { call, _ in [element(call), .integer] }, variableCounts: { _ in 1...2 },
      build: { call, bodies in
        try condition(call, &bodies)
        let type = call.type(0)
        return (
          type,
          { arguments, lambdas in
            let elements = ListElements(arguments[0].column)
            let child = elements.child(0)
            let mask = try lambdas.evaluate(0, parents: elements.parents, [child, elements.positions])
            return elements.lists(type, keeping: mask.trueRows(), [child])
          }
        )
      }),
    "exists": quantifier("exists", decides: true), "any": quantifier("any", decides: true),
    "forall": quantifier("forall", decides: false),
    "aggregate": fold("aggregate"), "reduce": fold("reduce"),
    "zip_with": LambdaRule(
      valueCount: 2, arity: 3...3, form: "zip_with(array, array, (x, y) -> …)",
      prepare: { call in
        _ = try call.array(0)
        _ = try call.array(1)
      }, variables: { call, _ in [element(call, 0), element(call, 1)] }, variableCounts: { _ in 2...2 },
      build: { _, bodies in
        let type = DataType.array(bodies[0].type)
        return (
          type,
          { arguments, lambdas in
            let (a, b) = (arguments[0].column, arguments[1].column)
            var (parents, lefts, rights): ([Int32], [Int32], [Int32]) = ([], [], [])
            var builder = BufferBuilder(capacity: (a.count + 1) * 4)
            builder.append(Int32(0))
            for row in 0..<a.count {
              if !a.isNull(row), !b.isNull(row) {
                let (x, y) = (a.offset(row)..<a.offset(row + 1), b.offset(row)..<b.offset(row + 1))
                for place in 0..<max(x.count, y.count) {
                  parents.append(Int32(row))
                  lefts.append(place < x.count ? Int32(x.lowerBound + place) : -1)
                  rights.append(place < y.count ? Int32(y.lowerBound + place) : -1)
                }
              }
              builder.append(Int32(parents.count))
            }
            let values = try lambdas.evaluate(
              0, parents: parents, [a.children[0].take(lefts), b.children[0].take(rights)])
            return Vector(
              Column(
                type, count: a.count, validity: Validity.and(a.validity, b.validity, rows: a.count),
                offsets: builder.take(), children: [values]))
          }
        )
      }),
    "array_sort": LambdaRule(
      form: "array_sort(array, (a, b) -> negative, 0 or positive)", prepare: wantsArray,
      variables: { call, _ in [element(call), element(call)] }, variableCounts: { _ in 2...2 },
      build: { call, bodies in
        guard bodies[0].type == .integer else {
          throw call.error("the lambda of array_sort must give INT, not \(bodies[0].type.sql)")
        }
        return (call.type(0), { arguments, lambdas in try sorted(arguments[0].column, lambdas) })
      }),
  ]

  /// exists and forall, with three values: null where a null might have decided.
  private static func quantifier(_ name: String, decides: Bool) -> LambdaRule {
    LambdaRule(
      form: "\(name)(array, x -> condition)", prepare: wantsArray, variables: { call, _ in [element(call)] },
      variableCounts: { _ in 1...1 },
      build: { call, bodies in
        try condition(call, &bodies)
        return (
          .boolean,
          { arguments, lambdas in
            let elements = ListElements(arguments[0].column)
            let mask = try lambdas.evaluate(0, parents: elements.parents, [elements.child(0)])
            var builder = ColumnBuilder(.boolean, capacity: elements.list.count)
            for row in 0..<elements.list.count {
              if elements.list.isNull(row) {
                builder.appendNull()
                continue
              }
              var (isDecided, sawNull) = (false, false)
              for index in elements.range(row) {
                if mask.isNull(index) {
                  sawNull = true
                } else if (mask.fixed(index, as: UInt8.self) != 0) == decides {
                  isDecided = true
                }
              }
              builder.append(isDecided ? .boolean(decides) : sawNull ? .null : .boolean(!decides))
            }
            return Vector(builder.finish())
          }
        )
      })
  }

  /// aggregate: element by element, all rows at once.
  private static func fold(_ name: String) -> LambdaRule {
    LambdaRule(
      valueCount: 2, arity: 3...4, form: "\(name)(array, start, (sum, x) -> …[, sum -> …])",
      prepare: { call in _ = try call.array(0) },
      variables: { call, lambda in lambda == 0 ? [call.type(1), element(call)] : [call.type(1)] },
      variableCounts: { $0 == 0 ? 2...2 : 1...1 },
      build: { call, bodies in
        let type = call.type(1)
        guard bodies[0].type == type else {
          throw call.error(
            "the lambda of \(name) gives \(bodies[0].type.sql), but the start is \(type.sql)",
            wayOut: "CAST the start or the result")
        }
        let finishes = bodies.count > 1
        return (
          bodies.last!.type,
          { arguments, lambdas in
            let (list, start) = (arguments[0].column, arguments[1].column)
            var sums = start
            var rows = (0..<Int32(list.count)).filter { !list.isNull(Int($0)) }
            let present = rows
            var step = 0
            while true {
              rows.removeAll { list.offset(Int($0)) + step >= list.offset(Int($0) + 1) }
              if rows.isEmpty { break }
              let elements = list.children[0].take(rows.map { Int32(list.offset(Int($0)) + step) })
              let next = try lambdas.evaluate(0, parents: rows, [sums.take(rows), elements])
              var picks = (0..<Int32(sums.count)).map { $0 }
              for (number, row) in rows.enumerated() { picks[Int(row)] = Int32(sums.count + number) }
              sums = Column.concatenate([sums, next], type: type).take(picks)
              step += 1
            }
            var result = finishes ? try lambdas.evaluate(1, parents: present, [sums.take(present)]) : sums.take(present)
            if present.count < list.count {
              var picks = [Int32](repeating: -1, count: list.count)
              for (number, row) in present.enumerated() { picks[Int(row)] = Int32(number) }
              result = result.take(picks)
            }
            return Vector(result)
          }
        )
      })
  }

  /// By insertion into what is sorted already, halving: a comparison is one run of the lambda.
  private static func sorted(_ list: Column, _ lambdas: Lambdas) throws -> Vector {
    let elements = ListElements(list)
    let child = elements.child(0)
    var order: [Int32] = []
    for row in 0..<list.count {
      var done: [Int32] = []
      for index in elements.range(row) {
        var (low, high) = (0, done.count)
        while low < high {
          let middle = (low + high) / 2
          let result = try lambdas.evaluate(
            0, parents: [Int32(row)], [child.take([Int32(index)]), child.take([done[middle]])])
          if result.isNull(0) {
            throw RowFailure(
              failure: Failure(
                "[COMPARATOR_RETURNS_NULL] The comparator has returned a NULL for a comparison between "
                  + "\(child.text(index) ?? "null") and \(child.text(Int(done[middle])) ?? "null"). It should return a "
                  + "positive integer for \"greater than\", 0 for \"equal\" and a negative integer for \"less than\". "
                  + "SQLSTATE: 22004"), row: row, position: nil)
          }
          if result.fixed(0, as: Int32.self) < 0 { high = middle } else { low = middle + 1 }
        }
        done.insert(Int32(index), at: low)
      }
      order += done
    }
    return elements.lists(list.type, [child.take(order)])
  }
}
