import Synchronization

/// What this process does to files, one system call each.
package enum FileChange: Sendable, Equatable {
  case create(String)
  case write(String, position: Int64, [UInt8])
  case truncate(String, Int64)
  case sync(String)
  case rename(String, to: String)
  case link(String, to: String)
  case remove(String)
  case makeDirectory(String)
  case removeDirectory(String)
  case syncDirectory(String)
}

/// Tells observers of each change of files after it was made: tests rebuild from it what a power cut would leave.
///
/// Without an observer a change costs one load of a flag.
package enum FileChanges {
  private static let isObserved = Atomic<Bool>(false)
  private static let observers = Mutex<[Int: @Sendable (FileChange) -> Void]>([:])

  /// Calls `observer` on the changing thread, one change at a time.
  ///
  /// - Returns: a number for ``stop(_:)``.
  package static func observe(_ observer: @escaping @Sendable (FileChange) -> Void) -> Int {
    observers.withLock { observers in
      let id = (observers.keys.max() ?? 0) + 1
      observers[id] = observer
      isObserved.store(true, ordering: .releasing)
      return id
    }
  }

  package static func stop(_ id: Int) {
    observers.withLock { observers in
      observers[id] = nil
      isObserved.store(!observers.isEmpty, ordering: .releasing)
    }
  }

  /// Makes syncs of a file fail, as a broken disk does, while changes are observed.
  ///
  /// - Parameter number: the error's; nil = they pass again.
  package static func refuseSyncs(of path: String, _ number: Int32?) { refusals.withLock { $0[path] = number } }

  private static let refusals = Mutex<[String: Int32]>([:])

  static func refusal(ofSync path: String) -> Int32? { areObserved ? refusals.withLock { $0[path] } : nil }

  static var areObserved: Bool { isObserved.load(ordering: .acquiring) }

  @inline(__always)
  static func note(_ change: @autoclosure () -> FileChange) {
    if areObserved { tell(change()) }
  }

  private static func tell(_ change: FileChange) {
    observers.withLock { for observer in $0.values { observer(change) } }
  }
}
