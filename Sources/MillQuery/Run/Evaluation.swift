import MillBase
import MillColumns
import MillLog

/// Why a value can't be computed, in Spark's words: `[DIVIDE_BY_ZERO] Division by zero. …`.
struct Failure: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

/// A failure, and the row of the frame where it happened.
struct RowFailure: Error {
  let failure: Failure
  let row: Int
  let position: SourcePosition?
}

/// Rows on their way through the plan.
struct Frame {
  /// nil = nobody downstream wants it.
  var columns: [Vector?]
  var count: Int
  /// Row → slot of the record batch.
  var slot: (Int) -> Int
}

/// What expressions are evaluated over. Lives for one batch on one lane.
struct Evaluation {
  let frame: Frame
  /// Rows that count; failures in other rows are not failures. nil = all.
  var active: [Bool]?
  let lane: Lane
  /// The values of lambda variables, by number.
  var variables: [Int: Vector] = [:]
  var count: Int { frame.count }

  func isActive(_ row: Int) -> Bool { active?[row] ?? true }

  /// Is any row of a constant's rows active?
  var isAnyActive: Bool { active.map { $0.contains(true) } ?? (count > 0) }

  /// The same, for the rows where the condition holds as well.
  func narrowed(_ keep: (Int) -> Bool) -> Evaluation {
    var copy = self
    copy.active = (0..<count).map { isActive($0) && keep($0) }
    return copy
  }

  /// Runs the body for every row (one, if all inputs are constant), and keeps failures out of rows that don't count.
  @inline(__always)
  func rows(_ inputs: [Vector], _ body: (_ row: Int) throws -> Void, failed: (_ row: Int) -> Void) throws -> Bool {
    if count > 0, inputs.allSatisfy(\.isConstant) {
      do { try body(0) } catch let failure as Failure {
        if isAnyActive {
          throw RowFailure(failure: failure, row: active?.firstIndex(of: true) ?? 0, position: nil)
        }
        failed(0)
      }
      return true
    }
    for row in 0..<count {
      do { try body(row) } catch let failure as Failure {
        if isActive(row) { throw RowFailure(failure: failure, row: row, position: nil) }
        failed(row)
      }
    }
    return false
  }
}
