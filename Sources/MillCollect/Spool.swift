import MillBase

/// The spool directory: whole files with names that never collide, and how full it is.
///
/// A Flume spooldir source takes a file as it is the moment it sees it, and stops for good when a file changes or a name
/// comes back (`ReliableSpoolingFileEventReader`). So a file is written under a hidden name, which Flume passes over, and
/// gets its own name when it is whole and on the disk.
struct Spool {
  let directory: String
  let filesMax: Int
  let bytesMax: Int
  /// What an agent appends to the names of files that it has done with.
  let completedSuffix: String
  private(set) var files = 0
  private(set) var bytes = 0
  private var sequence = 0
  private var measured: UInt64?
  private let now: @Sendable () -> Int64

  /// Agents take files away meanwhile, which a new look at the directory shows; it is due after so long, or when a
  /// limit seems to be reached.
  private static let measureInterval: UInt64 = 5_000_000_000
  private static let prefix = "response_"

  /// Makes the directory and removes what dead runs left half written.
  ///
  /// - Parameter now: milliseconds since 1970, for names; tests bring their own clock.
  init(
    directory: String, filesMax: Int, bytesMax: Int, completedSuffix: String = ".COMPLETED",
    now: @escaping @Sendable () -> Int64 = Clock.nowMilliseconds
  ) throws {
    self.completedSuffix = completedSuffix
    self.now = now
    self.directory = directory
    self.filesMax = filesMax
    self.bytesMax = bytesMax
    try Files.makeDirectory(directory)
    for name in try Files.removeLeftovers(in: directory) {
      Log.info("collect", "removed \(directory)/\(name), which an earlier run left half written")
    }
    try measure()
  }

  /// Writes a document, whole or not at all; returns the file's name.
  ///
  /// The bytes are the served ones, not the value written out again as in the seed's script: what is archived can be
  /// compared with what the API sent, digit for digit. A document with line breaks stays one file; Flume's
  /// BlobDeserializer takes it whole, while the LINE deserializer would take each line for an event of its own.
  mutating func write(_ document: [UInt8]) throws -> String {
    while true {
      let name = Self.name(milliseconds: now(), sequence: sequence)
      let path = "\(directory)/\(name)"
      sequence += 1
      // A name that an agent has completed is used up, too: a clock that was set back could bring it again.
      if Files.exists(path + completedSuffix) { continue }
      guard try Files.createAtomically(document, at: path) else { continue }
      files += 1
      bytes += document.count
      return name
    }
  }

  /// Makes the directory anew when someone removed it.
  func restore() throws { try Files.makeDirectory(directory) }

  /// nil when a document of so many bytes fits, else why it does not.
  mutating func fullBecause(adding count: Int) throws -> String? {
    func reason() -> String? {
      if files >= filesMax { return "the spool is full: \(files) files wait for an agent (spoolFilesMax \(filesMax))" }
      if bytes + count > bytesMax {
        return "the spool is full: \(bytes) bytes wait for an agent (spoolBytesMax \(bytesMax))"
      }
      return nil
    }
    if reason() == nil, let measured, Clock.steadyNanoseconds() - measured < Self.measureInterval { return nil }
    try measure()
    return reason()
  }

  private mutating func measure() throws {
    var (files, bytes) = (0, 0)
    func isOpen(_ name: String) -> Bool {
      !name.hasPrefix(".") && !name.hasSuffix(completedSuffix)
    }
    for name in try Files.list(directory, where: isOpen) {
      // An agent may complete it between the list and this look.
      guard let status = try Files.status("\(directory)/\(name)"), !status.isDirectory else { continue }
      files += 1
      bytes += Int(status.size)
    }
    (self.files, self.bytes) = (files, bytes)
    measured = Clock.steadyNanoseconds()
  }

  /// `response_20240131_235959_123_000042.json`: the seed's name, and what makes it the only one.
  static func name(milliseconds: Int64, sequence: Int) -> String {
    let time = Clock.iso8601(milliseconds: milliseconds).filter(\.isNumber)
    let date = time.prefix(8)
    let clock = time.dropFirst(8).prefix(6)
    let number = String(sequence)
    let padded = String(repeating: "0", count: max(0, 6 - number.utf8.count)) + number
    return "\(prefix)\(date)_\(clock)_\(time.dropFirst(14))_\(padded).json"
  }
}
