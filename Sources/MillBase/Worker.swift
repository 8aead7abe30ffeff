import Glibc
import Synchronization

/// A thread of its own for blocking work, with a name and an orderly end.
///
/// The rooms use threads, not tasks: fsync, librdkafka and libcurl block, and blocking calls have no place on the
/// cooperative pool.
public final class Worker: Sendable {
  public let name: String
  private let stopping = Signal()
  private let finished = Signal()

  /// Starts at once. The body runs on the new thread until it returns; it must return soon after `stop` is set.
  public init(_ name: String, _ body: @escaping @Sendable (_ stop: Signal) -> Void) {
    self.name = name
    let box = Box(name: name, body: body, stopping: stopping, finished: finished)
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    // As much as the main thread has: parsers recurse. Only what is used takes memory.
    pthread_attr_setstacksize(&attributes, 8 << 20)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let result = pthread_create(
      &thread, &attributes,
      { raw in
        let box = Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue()
        Worker.nameCurrentThread(box.name)
        box.body(box.stopping)
        box.finished.set()
        return nil
      }, Unmanaged.passRetained(box).toOpaque())
    precondition(result == 0, "the system refuses a thread: \(result)")
    pthread_attr_destroy(&attributes)
  }

  /// Asks the body to return; does not wait.
  public func stop() { stopping.set() }

  /// Waits until the body has returned.
  public func join() { finished.wait() }

  /// Waits at most so long; true when the body has returned.
  public func join(atMost duration: Duration) -> Bool { finished.wait(duration) }

  public var isFinished: Bool { finished.isSet }

  /// Shown by `ps -T` and debuggers; Glibc's module hides pthread_setname_np. Best effort.
  private static func nameCurrentThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = write(file, bytes, bytes.count)
    close(file)
  }

  private final class Box: Sendable {
    let name: String
    let body: @Sendable (Signal) -> Void
    let stopping: Signal
    let finished: Signal
    init(name: String, body: @escaping @Sendable (Signal) -> Void, stopping: Signal, finished: Signal) {
      self.name = name
      self.body = body
      self.stopping = stopping
      self.finished = finished
    }
  }
}

/// A flag that threads can wait for. Once set it stays set.
public final class Signal: Sendable {
  private let monitor = Monitor(false)
  public init() {}

  public var isSet: Bool { monitor.withLock { $0 } }

  public func set() { monitor.withLock { $0 = true } }

  public func wait() { monitor.wait { $0 ? () : nil } }

  /// Waits at most so long; true when the flag is set. The body of a worker sleeps with this.
  @discardableResult
  public func wait(_ duration: Duration) -> Bool {
    monitor.wait(atMost: duration) { $0 ? () : nil } != nil
  }
}

/// State behind a lock, with waiting for it to become something (a condition variable).
public final class Monitor<State>: @unchecked Sendable {
  // @unchecked: `state` is only touched while `mutex` is held.
  private var state: State
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  public init(_ state: sending State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs the body alone; all waiting threads look again afterwards.
  public func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    return try body(&state)
  }

  /// Waits until the body gives a value.
  public func wait<Result>(_ body: (inout State) throws -> Result?) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    while true {
      if let result = try body(&state) { return result }
      pthread_cond_wait(condition, mutex)
    }
  }

  /// Waits until the body gives a value, at most so long; nil when it did not.
  public func wait<Result>(atMost duration: Duration, _ body: (inout State) throws -> Result?) rethrows -> Result? {
    var deadline = timespec()
    clock_gettime(CLOCK_MONOTONIC, &deadline)
    // A negative time is none; a hundred years are for ever, and can be added without overflow.
    let (seconds, attoseconds) = min(max(duration, .zero), .seconds(3_155_760_000)).components
    deadline.tv_sec += Int(seconds)
    deadline.tv_nsec += Int(attoseconds / 1_000_000_000)
    if deadline.tv_nsec >= 1_000_000_000 {
      deadline.tv_sec += 1
      deadline.tv_nsec -= 1_000_000_000
    }
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    while true {
      if let result = try body(&state) { return result }
      if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return try body(&state) }
    }
  }
}
