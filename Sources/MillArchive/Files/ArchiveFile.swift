import MillBase

/// A file of the archive while it is written: aside, under its name in use; complete, it gets its own.
///
/// Every step can be repeated after an error. Used by one thread at a time.
public final class ArchiveFile {
  public let path: String
  public private(set) var events = 0
  /// Bytes of event bodies.
  public private(set) var bytes: Int64 = 0
  /// Nanoseconds of the steady clock.
  public let opened = Clock.steadyNanoseconds()
  public private(set) var lastWritten = Clock.steadyNanoseconds()

  private let fileSystem: any FileSystem
  private let format: any EventFormat
  private let writer: any FileWriter
  private var buffer: [UInt8] = []
  private var hasMark = true
  private var isFinished = false
  private var isClosed = false

  /// Buffered bytes above this are handed on at once.
  static let bufferMax = 1 << 20

  public init(_ path: String, format: any EventFormat, in fileSystem: any FileSystem) throws {
    self.path = path
    self.format = format
    self.fileSystem = fileSystem
    writer = try fileSystem.create(path)
    writer.write(format.start())
  }

  /// Into the buffer.
  public func append(_ event: ArchiveEvent) {
    precondition(!isFinished, "the file is complete")
    format.encode(event, into: &buffer)
    events += 1
    bytes += Int64(event.body.count)
    lastWritten = Clock.steadyNanoseconds()
    hasMark = false
    if buffer.count >= Self.bufferMax { handOn() }
  }

  private func handOn() {
    writer.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  public var needsFlush: Bool { !hasMark || writer.buffered > 0 }

  /// At the end of a batch: readers of the file in use see the events.
  public func flush() throws {
    if !hasMark {
      buffer += format.mark()
      hasMark = true
    }
    handOn()
    try writer.flush()
  }

  /// Completes the file and gives it its name.
  ///
  /// - Throws: `.refused` when a file of that name exists; this one is closed and keeps its name in use.
  public func complete(as final: String) throws {
    if !isFinished {
      buffer += format.finish()
      isFinished = true
    }
    if !isClosed {
      handOn()
      try writer.close()
      isClosed = true
    }
    if final != path { try fileSystem.rename(path, to: final) }
  }
}
