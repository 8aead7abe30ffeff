import MillColumns

/// Keys → numbers from 0 on, in the order of their first appearance: the groups of an aggregation, the keys of a join,
/// the values that DISTINCT has seen.
///
/// Keys are bytes in one piece of memory (``KeyBytes``), found by open addressing: no allocation for a row. A slot has
/// the upper half of the key's hash beside its number, so that a key is only compared when it is most likely the same;
/// the hash's first bits are the slot's number, so that growing goes through old and new slots in one direction.
///
/// @unchecked: one thread at a time fills it; what is only looked up in may be so by several.
final class KeyTable: @unchecked Sendable {
  /// All of the state, so that a batch is one access of the class's memory.
  private var slots: KeySlots

  /// - Parameter keys: expected.
  init(keys: Int = 8) { slots = KeySlots(keys: keys) }

  var count: Int { slots.count }

  /// The key's number; nil when it is not there.
  func find(_ key: [UInt8]) -> Int? {
    key.withUnsafeBufferPointer { slots.find($0.baseAddress ?? slots.anything, $0.count) }
  }

  /// The key's number, and whether it is new.
  func insert(_ key: [UInt8]) -> (number: Int, isNew: Bool) {
    let before = count
    let number = key.withUnsafeBufferPointer { slots.insert($0.baseAddress ?? slots.anything, $0.count) }
    return (number, count > before)
  }

  /// The numbers of all rows' keys.
  ///
  /// - Parameter newRows: gets the rows that brought a key.
  func insert(_ rows: KeyRows, newRows: inout [Int32]) -> [Int32] {
    rows.with { insert(rows.count, KeySlots.Keys(bytes: $0, starts: $1, hashes: $2), &newRows) }
  }

  /// The numbers here of all keys of another table, in the order of their numbers there.
  ///
  /// - Parameter newRows: gets the numbers there of keys that were not here.
  func insert(_ other: KeyTable, newRows: inout [Int32]) -> [Int32] {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: max(1, other.count)) { hashes in
      insert(other.count, other.slots.keys(hashes: hashes.baseAddress!), &newRows)
    }
  }

  private func insert(_ count: Int, _ keys: KeySlots.Keys, _ newRows: inout [Int32]) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: count) { numbers, filled in
      if count > 0 {
        withUnsafeTemporaryAllocation(of: KeySlots.Candidate.self, capacity: KeySlots.blockRows) {
          slots.insert(count, keys, numbers: numbers.baseAddress!, $0.baseAddress!, &newRows)
        }
      }
      filled = count
    }
  }
}
