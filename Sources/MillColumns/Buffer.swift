import Glibc

/// Bytes that never change any more, shared by reference. Columns are made of them.
///
/// At least ``slack`` bytes after the end can be read (their content means nothing), so that loops may load whole
/// words.
public final class Buffer: @unchecked Sendable {
  // @unchecked: the memory is written before the buffer exists, and never after.
  public let base: UnsafeRawPointer
  /// Bytes.
  public let count: Int
  /// The buffer that owns the memory, for a part of another one.
  private let owner: Buffer?

  public static let slack = 16

  /// Takes over memory from `malloc` that has `slack` bytes more than `count`.
  public init(owning base: UnsafeMutableRawPointer, count: Int) {
    self.base = UnsafeRawPointer(base)
    self.count = count
    owner = nil
  }

  /// A part of another buffer; nothing is copied.
  public init(_ whole: Buffer, from start: Int, count: Int) {
    precondition(start >= 0 && count >= 0 && start + count <= whole.count, "outside of the buffer")
    base = whole.base + start
    self.count = count
    owner = whole.owner ?? whole
  }

  deinit { if owner == nil { free(UnsafeMutableRawPointer(mutating: base)) } }

  /// A copy of the bytes.
  public convenience init(copying bytes: UnsafeRawBufferPointer) {
    var builder = BufferBuilder(capacity: bytes.count)
    builder.append(bytes)
    self.init(taking: &builder)
  }

  convenience init(taking builder: inout BufferBuilder) {
    let (base, count) = builder.release()
    self.init(owning: base, count: count)
  }

  /// The start as a pointer to `T`; good as long as the buffer lives.
  @inlinable public func pointer<T: BitwiseCopyable>(_ type: T.Type) -> UnsafePointer<T> {
    base.assumingMemoryBound(to: T.self)
  }
}

/// A growing buffer; ``take()`` turns it into a ``Buffer`` without copying.
public struct BufferBuilder: ~Copyable {
  public private(set) var base: UnsafeMutableRawPointer
  /// Bytes in use. May be set to less (to take back) or, up to ``capacity``, to more (after writing to `base`).
  public var count: Int { didSet { assert(count <= capacity) } }
  /// Bytes that fit without growing.
  public private(set) var capacity: Int

  public init(capacity: Int = 0) {
    self.capacity = capacity
    count = 0
    base = Self.allocate(nil, capacity)
  }

  deinit { free(base) }

  private static func allocate(_ old: UnsafeMutableRawPointer?, _ capacity: Int) -> UnsafeMutableRawPointer {
    guard let base = realloc(old, capacity + Buffer.slack) else { fatalError("no memory for \(capacity) bytes") }
    return base
  }

  /// Makes room for so many bytes more (at least doubling, so that appending stays cheap).
  @inlinable public mutating func reserve(_ additional: Int) {
    if capacity - count < additional { grow(count + additional) }
  }

  @usableFromInline mutating func grow(_ needed: Int) {
    capacity = max(needed, capacity * 2, 64)
    base = Self.allocate(base, capacity)
  }

  @inlinable public mutating func append<T: BitwiseCopyable>(_ value: T) {
    reserve(MemoryLayout<T>.size)
    base.storeBytes(of: value, toByteOffset: count, as: T.self)
    count += MemoryLayout<T>.size
  }

  @inlinable public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let from = bytes.baseAddress else { return }
    reserve(bytes.count)
    (base + count).copyMemory(from: from, byteCount: bytes.count)
    count += bytes.count
  }

  /// The bytes so far as a buffer; the builder is empty afterwards.
  public mutating func take() -> Buffer { Buffer(taking: &self) }

  fileprivate mutating func release() -> (UnsafeMutableRawPointer, Int) {
    let result = (base, count)
    base = Self.allocate(nil, 0)
    count = 0
    capacity = 0
    return result
  }
}
