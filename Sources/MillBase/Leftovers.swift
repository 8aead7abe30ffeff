import Glibc

extension Files {
  /// Removes the hidden files that ``writeAtomically(_:to:permissions:)`` and ``createAtomically(_:at:permissions:)`` of
  /// processes that are dead left in the directory; returns their names.
  ///
  /// Call it at start, before the directory is used.
  @discardableResult
  public static func removeLeftovers(in directory: String) throws -> [String] {
    let names = try list(directory) { isLeftover($0, in: directory) }
    for name in names { try remove("\(directory)/\(name)") }
    return names
  }

  /// The moment of the first look: what this process writes is younger. A second is taken off, since file times come
  /// from a coarser clock.
  private static let firstLook = Clock.nowNanoseconds() - 1_000_000_000

  /// Is it `.NAME.PID.RANDOM.tmp`, and is no process at work on it?
  private static func isLeftover(_ name: String, in directory: String) -> Bool {
    let firstLook = firstLook
    let parts = name.split(separator: ".")
    guard name.hasPrefix("."), name.hasSuffix(".tmp"), parts.count >= 4, UInt32(parts[parts.count - 2]) != nil,
      let writer = pid_t(parts[parts.count - 3])
    else { return false }
    if writer == getpid() {
      // After a restart a container gives the same number again.
      return (try? status("\(directory)/\(name)")).map { $0.modified < firstLook } ?? false
    }
    guard let program = executable(of: "\(writer)") else {
      // No such process, or one of another user, of which nothing is known.
      return errno == ENOENT
    }
    return program != executable(of: "self")
  }

  /// The program that a process runs; nil, with errno, when there is no such process or no right to know.
  private static func executable(of process: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/\(process)/exe", &buffer, buffer.count)
    return count < 0 ? nil : String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
