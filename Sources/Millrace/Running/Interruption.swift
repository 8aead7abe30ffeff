import Glibc
import MillBase

/// SIGINT and SIGTERM as something that a thread can wait for.
enum Interruption {
  /// Call it before any thread starts: threads inherit the mask, so that only ``wait(atMost:)`` sees the signals.
  static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    var set = interrupts()
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// True when a signal came in time. nil waits for ever.
  static func wait(atMost duration: Duration? = nil) -> Bool {
    var set = interrupts()
    guard let duration else {
      var number: Int32 = 0
      return sigwait(&set, &number) == 0
    }
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    return sigtimedwait(&set, nil, &time) > 0
  }

  private static func interrupts() -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGINT)
    sigaddset(&set, SIGTERM)
    return set
  }
}
