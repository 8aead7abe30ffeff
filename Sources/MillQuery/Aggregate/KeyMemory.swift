import Glibc

/// Plain values one after the other in memory that grows. Freed with its owner.
struct KeyMemory<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var count = 0
  private var capacity: Int

  /// - Parameter capacity: values that fit without growing; 0 takes no memory yet.
  init(capacity: Int = 0) {
    self.capacity = capacity
    base = Self.allocate(nil, capacity)
  }

  deinit { free(base) }

  /// Room for so many more, at the end. To be filled, then counted in with ``advance(by:)``.
  mutating func reserve(_ more: Int) {
    if capacity - count >= more { return }
    capacity = max(count + more, capacity * 2, 64)
    base = Self.allocate(base, capacity)
  }

  mutating func advance(by more: Int) { count += more }

  @inline(__always)
  mutating func append(_ value: Element) {
    reserve(1)
    base[count] = value
    count += 1
  }

  @inline(__always)
  mutating func append(_ values: UnsafePointer<Element>, count more: Int) {
    reserve(more)
    (base + count).update(from: values, count: more)
    count += more
  }

  private static func allocate(_ old: UnsafeMutablePointer<Element>?, _ capacity: Int) -> UnsafeMutablePointer<Element>
  {
    let bytes = max(16, capacity * MemoryLayout<Element>.stride)
    guard let memory = realloc(old, bytes) else { fatalError("no memory for \(bytes) bytes") }
    return memory.assumingMemoryBound(to: Element.self)
  }
}
