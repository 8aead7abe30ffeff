/// Keys of the state, one after the other in one piece of memory.
struct KeyList {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  var count: Int { ends.count }

  mutating func append(_ key: UnsafeRawBufferPointer) { append { $0.append(contentsOf: key) } }

  /// - Parameter write: puts the key's bytes behind what is there.
  mutating func append(_ write: (inout [UInt8]) -> Void) {
    write(&bytes)
    ends.append(bytes.count)
  }

  func with<Result>(_ number: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBytes { bytes in
      try body(UnsafeRawBufferPointer(rebasing: bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]]))
    }
  }

  func forEach(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    for number in ends.indices { try with(number, body) }
  }
}
