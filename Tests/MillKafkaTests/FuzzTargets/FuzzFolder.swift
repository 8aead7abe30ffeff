import Glibc
import MillBase
import Synchronization

/// Folders for logs that live as long as one input: in memory, where the system has that, since they are synced often.
enum FuzzFolder {
  private static let number = Atomic<Int>(0)

  static func make() throws -> String {
    let shared = "/dev/shm"
    guard access(shared, W_OK) == 0 else { return try Files.makeTemporaryDirectory("mill-fuzz") }
    let count = number.add(1, ordering: .relaxed).newValue
    let path = "\(shared)/mill-fuzz.\(getpid()).\(count)"
    // A killed process with the same id may have left it.
    if Files.exists(path) { try Files.removeTree(path) }
    try Files.makeDirectory(path)
    return path
  }
}
