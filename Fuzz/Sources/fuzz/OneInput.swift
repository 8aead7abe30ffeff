import FuzzTargets

/// What this process fuzzes.
nonisolated(unsafe) var target: (any FuzzTarget)?  // set once, before libFuzzer's one thread begins

/// libFuzzer's entry.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do { try target?.run(Array(UnsafeBufferPointer(start: start, count: count))) } catch { fatalError("\(error)") }
  return 0
}
