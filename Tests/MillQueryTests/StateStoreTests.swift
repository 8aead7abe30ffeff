import MillBase
import MillColumns
import Testing

@testable import MillQuery

@Suite struct StateStoreTests {
  /// A generator with a seed: a failure can be had again.
  private struct Dice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 33
    }
  }

  private func with<Result>(
    _ key: String, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try Array(key.utf8).withUnsafeBytes { try body(StateMap.hash($0), $0) }
  }

  @Test(arguments: [1 as UInt64, 2, 3])
  func mapIsADictionary(_ seed: UInt64) {
    var dice = Dice(state: seed)
    let map = StateMap()
    var model: [String: String?] = [:]
    for _ in 0..<60_000 {
      let key = "key \(Int.random(in: 0..<3000, using: &dice))"
      switch Int.random(in: 0..<10, using: &dice) {
      case 0...5:
        let value = String(repeating: "v", count: Int.random(in: 0..<200, using: &dice))
        with(key) { hash, bytes in Array(value.utf8).withUnsafeBytes { map.set(hash, bytes, $0) } }
        model[key] = .some(value)
      case 6:
        with(key) { map.set($0, $1, nil) }
        model[key] = .some(nil)
      case 7, 8:
        with(key) { map.remove($0, $1) }
        model[key] = nil
      default:
        let found = with(key) { hash, bytes -> String?? in
          switch map.find(hash, bytes) {
          case .missing: nil
          case .removed: .some(nil)
          case .value(let value): .some(String(decoding: value, as: UTF8.self))
          }
        }
        #expect(found == model[key])
      }
    }
    #expect(map.count == model.count)
    var all: [String: String?] = [:]
    map.forEach { key, value in
      all[String(decoding: key, as: UTF8.self)] = .some(value.map { String(decoding: $0, as: UTF8.self) })
    }
    #expect(all == model)
    #expect(hashes(map) == hashes(map).sorted() && hashes(map).count == map.count)
  }

  private func hashes(_ map: StateMap) -> [UInt64] {
    map.sortedPlaces().map { map.hash(at: UInt32(truncatingIfNeeded: $0)) }
  }

  /// Versions with changes, some given up, some after a restart, in memory and spilled: always what a dictionary holds.
  @Test(arguments: [(1 as UInt64, 1 << 30), (2, 1), (3, 60_000), (4, 150_000)])
  func storeKeepsEveryVersion(_ seed: UInt64, _ memoryLimit: Int) throws {
    let directory = try Files.makeTemporaryDirectory("statestore")
    defer { try? Files.removeTree(directory) }
    func open() throws -> StateStore {
      try StateStore(directory: directory + "/0", partitions: 3, memoryLimit: memoryLimit)
    }
    var dice = Dice(state: seed)
    var store = try open()
    var model: [String: String] = [:]
    for version in 0..<160 {
      store.begin()
      var next = model
      for _ in 0..<Int.random(in: 0..<120, using: &dice) {
        let key = "key \(Int.random(in: 0..<2000, using: &dice))"
        let value = "\(version) \(String(repeating: "x", count: Int.random(in: 0..<60, using: &dice)))"
        try with(key) { hash, bytes in
          let partition = store.partition(hash)
          let before = try partition.value(hash, bytes) { String(decoding: $0, as: UTF8.self) }
          #expect(before == next[key])
          if before != nil, Int.random(in: 0..<3, using: &dice) == 0 {
            partition.remove(hash, bytes)
            next[key] = nil
          } else {
            Array(value.utf8).withUnsafeBytes { partition.set(hash, bytes, $0, isNew: before == nil) }
            next[key] = value
          }
        }
      }
      #expect(store.keyCount == next.count)
      if Int.random(in: 0..<8, using: &dice) == 0 {
        store.begin()
        next = model
      }
      for file in try store.writeDeltas({ _ in }) { try file.sync() }
      store.commit()
      var later: [DiskThreads.Work] = []
      try store.maintain { later.append($0) }
      for work in later { try work() }
      model = next
      if version % 20 == 19 {
        store = try open()
        try store.load(Int64(version + 1))
      }
      #expect(store.keyCount == model.count)
      if version % 10 == 9 {
        var all: [String: String] = [:]
        for partition in store.partitions {
          try partition.forEach { key, value in
            let isNew =
              all.updateValue(String(decoding: value, as: UTF8.self), forKey: String(decoding: key, as: UTF8.self))
              == nil
            #expect(isNew)
          }
        }
        #expect(all == model)
      }
    }
    if memoryLimit == 1 { #expect(store.spilledBytes > 0) }
    // What no restart within the last hundred micro-batches needs is gone.
    #expect(!Files.exists(directory + "/0/0/1.delta"))
    let early = try open()
    try early.load(61)
    #expect(early.keyCount > 0)
  }

  @Test func aMillionSmallKeysTakeLessThanAHundredBytesEach() throws {
    let map = StateMap()
    var key: [UInt8] = []
    for number in 0..<1_000_000 as Range<Int64> {
      key.removeAll(keepingCapacity: true)
      RowBytes.append(Column(.long, [.integer(number)]), 0, to: &key)
      key.withUnsafeBytes { bytes in
        [1, 2].withUnsafeBytes { map.set(StateMap.hash(bytes), bytes, .init(rebasing: $0[..<4])) }
      }
    }
    #expect(map.count == 1_000_000)
    // Ten million in less than a gigabyte, with keys and values of 50 bytes more.
    #expect(map.byteCount / map.count < 50, "\(map.byteCount / map.count) bytes a key")
    // So many that some agree in the upper half of their hashes.
    let hashes = hashes(map)
    #expect(zip(hashes, hashes.dropFirst()).allSatisfy { $0 < $1 })
    #expect(Set(hashes.map { $0 >> 32 }).count < hashes.count)
  }

  @Test func rowsComeBackAsTheyWere() {
    let nested = DataType.struct(
      Schema([.init("a", .array(.string)), .init("m", .map(key: .string, value: .integer))]))
    let columns: [Column] = [
      Column(.boolean, [.boolean(true), .boolean(false), .null]),
      Column(.byte, [.integer(-128), .integer(127), .null]),
      Column(.short, [.integer(-32768), .integer(1), .null]),
      Column(.integer, [.integer(Int64(Int32.min)), .integer(Int64(Int32.max)), .null]),
      Column(.long, [.integer(.min), .integer(.max), .null]),
      Column(.float, [.float(-0.0), .float(.infinity), .null]),
      Column(.double, [.double(1.5), .double(-0.0), .null]),
      Column(
        .decimal(precision: 38, scale: 2),
        [.decimal(unscaled: -12_345_678_901_234_567_890_123, scale: 2), .decimal(unscaled: 0, scale: 2), .null]),
      Column(.string, [.string(""), .string(String(repeating: "é", count: 100)), .null]),
      Column(.binary, [.binary([0, 255]), .binary([]), .null]),
      Column(.date, [.date(-1), .date(20_000), .null]),
      Column(.timestamp, [.timestamp(.min), .timestamp(1_700_000_000_000_000), .null]),
      Column(
        nested,
        [
          .struct([.array([.string("x"), .null]), .map([.init(.string("k"), .integer(1))])]),
          .struct([.null, .map([])]), .null,
        ]),
    ]
    var rows = StateRows(columns.map(\.type))
    for row in 0..<3 {
      var bytes: [UInt8] = []
      for column in columns { RowBytes.append(column, row, to: &bytes) }
      bytes.withUnsafeBytes { rows.append($0) }
    }
    let back = rows.take()
    for (column, wanted) in zip(back.children, columns) { #expect(column.allValues == wanted.allValues) }
  }

  @Test func keysThatSparkTakesForEqualAreEqual() {
    func key(_ value: Value, _ type: DataType) -> [UInt8] {
      var bytes: [UInt8] = []
      RowBytes.append(Column(type, [value]), 0, isKey: true, to: &bytes)
      return bytes
    }
    #expect(key(.double(0), .double) == key(.double(-0.0), .double))
    #expect(key(.double(.nan), .double) == key(.double(-.nan), .double))
    #expect(key(.float(0), .float) == key(.float(-0.0), .float))
    #expect(key(.null, .string) != key(.string(""), .string))
  }
}
