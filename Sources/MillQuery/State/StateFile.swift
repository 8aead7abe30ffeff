import Glibc
import MillBase
import MillLog

/// A file of the state: what one micro-batch changed (`.delta`), or all of a partition (`.snapshot`).
///
/// Blocks of entries (key length, key, value length + 1 or 0 for removed, value; varints), then an index with first
/// hash, place, length and CRC-32C of every block, then a footer of 40 bytes: place of the index, blocks, entries,
/// version, CRC-32C of index and footer so far, magic. A snapshot's entries lie by the hash of their keys, those of one
/// hash in one block, so that a key can be found by reading one block.
enum StateFile {
  static let magic: UInt32 = 0x3153_524D  // MRS1
  static let footerBytes = 40
  static let indexEntryBytes = 24
  /// Bytes of a block, about.
  static let blockBytes = 4096
  /// Bytes held back before they are written.
  static let writeBytes = 1 << 20

  /// One line of the index.
  struct Block {
    var firstHash: UInt64
    var start: Int64
    var count: UInt32
    var checksum: UInt32
  }
}

/// Writes a state file beside its place and moves it there when it is whole.
struct StateFileWriter: ~Copyable {
  private let path: String
  private let temporary: String
  private let file: File
  private var buffer: [UInt8] = []
  /// Bytes that are written.
  private var flushed: Int64 = 0
  private var blockStart = 0
  private var blocks: [StateFile.Block] = []
  private var entries: Int64 = 0
  private var firstHash: UInt64 = 0
  private var lastHash: UInt64 = 0
  private var isDone = false

  /// - Parameter spare: a file of the same directory that becomes this one.
  init(_ path: String, over spare: String? = nil) throws {
    self.path = path
    let (directory, name) = Files.split(path)
    temporary = "\(directory)/.\(name).\(getpid()).tmp"
    if let spare { try Files.rename(spare, to: temporary) }
    file = try File(temporary, spare == nil ? .truncate : .readWrite)
  }

  deinit { if !isDone { unlink(temporary) } }

  mutating func append(_ hash: UInt64, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws {
    if buffer.count - blockStart >= StateFile.blockBytes, hash != lastHash { try closeBlock() }
    if buffer.count == blockStart { firstHash = hash }
    lastHash = hash
    RowBytes.append(unsigned: UInt64(key.count), to: &buffer)
    buffer.append(contentsOf: key)
    RowBytes.append(unsigned: UInt64(value.map { $0.count + 1 } ?? 0), to: &buffer)
    if let value { buffer.append(contentsOf: value) }
    entries += 1
  }

  private mutating func closeBlock() throws {
    if buffer.count == blockStart { return }
    let checksum = buffer[blockStart...].withUnsafeBytes { CRC32C.checksum($0) }
    blocks.append(
      .init(
        firstHash: firstHash, start: flushed + Int64(blockStart), count: UInt32(buffer.count - blockStart),
        checksum: checksum))
    blockStart = buffer.count
    if buffer.count >= StateFile.writeBytes { try flush() }
  }

  private mutating func flush() throws {
    try file.write(buffer, at: flushed)
    flushed += Int64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
    blockStart = 0
  }

  /// The file is whole when this returns, and gets its name when it is durable.
  mutating func finish(version: Int64) throws -> (file: HiddenStateFile, size: Int64) {
    try writeEnd(version)
    isDone = true
    return (HiddenStateFile(file: file, temporary: temporary, path: path), flushed)
  }

  /// The file is whole and in its place when this returns, and durable when it is synced.
  mutating func finishInPlace(version: Int64) throws -> (file: UnsyncedStateFile, size: Int64) {
    try writeEnd(version)
    try Files.rename(temporary, to: path)
    isDone = true
    return (UnsyncedStateFile(file: file, path: path), flushed)
  }

  private mutating func writeEnd(_ version: Int64) throws {
    try closeBlock()
    let indexStart = flushed + Int64(buffer.count)
    var tail: [UInt8] = []
    func put<T: FixedWidthInteger>(_ value: T) {
      withUnsafeBytes(of: value.littleEndian) { tail.append(contentsOf: $0) }
    }
    for block in blocks {
      put(block.firstHash)
      put(block.start)
      put(block.count)
      put(block.checksum)
    }
    put(indexStart)
    put(Int64(blocks.count))
    put(entries)
    put(version)
    put(tail.withUnsafeBytes { CRC32C.checksum($0) })
    put(StateFile.magic)
    buffer += tail
    try flush()
    if try file.size() > flushed { try file.truncate(to: flushed) }
  }
}

/// A file of the state that is in its place and not yet on the disk.
struct UnsyncedStateFile: Sendable {
  fileprivate let file: File
  let path: String

  fileprivate init(file: File, path: String) {
    self.file = file
    self.path = path
  }

  init(_ path: String) throws { self.init(file: try File(path, .read), path: path) }

  /// - Throws: what the system said; the file is removed then. What a later sync of it would say can't be trusted, and
  ///   without the file its micro-batch runs again.
  func sync() throws {
    do { try file.syncWithName(path) } catch {
      Log.error("query", "\(path) can't be synced, and is removed: \(error)")
      try Files.remove(path)
      throw error
    }
  }
}

/// A file of the state that is whole, under a hidden name.
struct HiddenStateFile: Sendable {
  fileprivate let file: File
  fileprivate let temporary: String
  let path: String

  /// The file is durable and in its place when this returns.
  func place() throws {
    do {
      try file.sync()
      try Files.rename(temporary, to: path)
    } catch {
      try Files.remove(temporary)
      throw error
    }
    try Files.syncDirectory(Files.split(path).directory)
  }
}

/// Reads a state file.
///
/// @unchecked: one thread has it at a time, as with all state.
final class StateFileReader: @unchecked Sendable {
  let path: String
  let entries: Int64
  let byteCount: Int64
  private let file: File
  private let blocks: [StateFile.Block]
  /// The block that was read last.
  private var loaded: (number: Int, bytes: [UInt8])?

  /// - Parameter version: what the file must be of.
  /// - Throws: `.corrupt`, with the file.
  init(_ path: String, version: Int64) throws {
    self.path = path
    file = try File(path, .read)
    byteCount = try file.size()
    guard byteCount >= Int64(StateFile.footerBytes) else { throw Self.corrupt(path, "it is cut") }
    let footer = try file.read(count: StateFile.footerBytes, at: byteCount - Int64(StateFile.footerBytes))
    func number<T: FixedWidthInteger & BitwiseCopyable>(_ bytes: [UInt8], _ at: Int, _: T.Type) -> T {
      bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: T.self)) }
    }
    let indexStart = number(footer, 0, Int64.self)
    let count = number(footer, 8, Int64.self)
    guard number(footer, 36, UInt32.self) == StateFile.magic, count >= 0, indexStart >= 0,
      indexStart + count * Int64(StateFile.indexEntryBytes) + Int64(StateFile.footerBytes) == byteCount
    else { throw Self.corrupt(path, "it does not end as a state file does") }
    let tail = try file.read(count: Int(byteCount - indexStart), at: indexStart)
    let checksum = tail.withUnsafeBytes { CRC32C.checksum(.init(rebasing: $0.dropLast(8))) }
    guard checksum == number(footer, 32, UInt32.self) else { throw Self.corrupt(path, "its index is damaged") }
    let found = number(footer, 24, Int64.self)
    guard found == version else { throw Self.corrupt(path, "it is of version \(found), not \(version)") }
    entries = number(footer, 16, Int64.self)
    blocks = (0..<Int(count)).map { block in
      let at = block * StateFile.indexEntryBytes
      return .init(
        firstHash: number(tail, at, UInt64.self), start: number(tail, at + 8, Int64.self),
        count: number(tail, at + 16, UInt32.self), checksum: number(tail, at + 20, UInt32.self))
    }
  }

  static func corrupt(_ path: String, _ what: String) -> MillError {
    MillError(
      .corrupt, "the state can't be read: \(what)", at: .init(file: path),
      wayOut: "restore the checkpoint from a copy, or begin with a new one (the query then starts anew)")
  }

  /// Memory of the index and the block.
  var memoryBytes: Int { blocks.count * MemoryLayout<StateFile.Block>.stride + 2 * StateFile.blockBytes }

  private func load(_ number: Int) throws {
    if loaded?.number == number { return }
    let block = blocks[number]
    var bytes = loaded?.bytes ?? []
    loaded = nil
    if bytes.count != Int(block.count) { bytes = [UInt8](repeating: 0, count: Int(block.count)) }
    let read = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: block.start) }
    guard read == Int(block.count), bytes.withUnsafeBytes({ CRC32C.checksum($0) }) == block.checksum else {
      throw Self.corrupt(path, "the block at byte \(block.start) is damaged")
    }
    loaded = (number, bytes)
  }

  private static func walk(
    _ bytes: UnsafeRawBufferPointer,
    _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws -> Bool
  ) rethrows {
    var at = 0
    func length() -> Int {
      var (value, shift) = (0, 0)
      while true {
        let next = Int(bytes[at])
        at += 1
        value |= (next & 0x7F) << shift
        if next < 0x80 { return value }
        shift += 7
      }
    }
    while at < bytes.count {
      let keyCount = length()
      let key = UnsafeRawBufferPointer(rebasing: bytes[at..<(at + keyCount)])
      at += keyCount
      let valueCount = length() - 1
      let value = valueCount < 0 ? nil : UnsafeRawBufferPointer(rebasing: bytes[at..<(at + valueCount)])
      at += max(0, valueCount)
      if try !body(key, value) { return }
    }
  }

  /// All entries in the file's order.
  func forEach(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws -> Void) throws {
    for number in blocks.indices {
      try load(number)
      // The body may look for keys in this file, which loads other blocks.
      let bytes = loaded!.bytes
      try bytes.withUnsafeBytes {
        try Self.walk($0) { key, value in
          try body(key, value)
          return true
        }
      }
    }
  }

  /// The value of a key in a snapshot; nil when it is not there.
  func find<Result>(
    _ hash: UInt64, _ key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result? {
    // The last block that begins at or before the hash.
    var (low, high) = (0, blocks.count)
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].firstHash <= hash { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    try load(low - 1)
    var result: Result?
    try loaded!.bytes.withUnsafeBytes {
      try Self.walk($0) { other, value in
        guard other.count == key.count, other.isEmpty || memcmp(other.baseAddress!, key.baseAddress!, key.count) == 0,
          let value
        else { return true }
        result = try body(value)
        return false
      }
    }
    return result
  }
}
