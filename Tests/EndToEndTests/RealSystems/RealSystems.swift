import Foundation
import Testing

/// Whether `make test-real` runs this, which starts the big real systems.
private let isReal = ProcessInfo.processInfo.environment["MILLRACE_REAL"] == "1"

extension EndToEnd {
  /// Tests with the real systems that are too big for `make test`.
  @Suite(.enabled(if: isReal, "skipped: the big real systems are started by make test-real")) enum RealSystems {}
}
