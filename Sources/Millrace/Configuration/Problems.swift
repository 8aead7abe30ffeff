import MillBase

/// Collects everything that is wrong with a configuration, so that one look shows all of it.
final class Problems {
  private(set) var errors: [MillError] = []
  private(set) var warnings: [MillError] = []

  func add(_ error: MillError) { errors.append(error) }
  func warn(_ warning: MillError) { warnings.append(warning) }

  /// Runs the body; an error is noted, and nil is the result.
  func collect<Result>(_ body: () throws -> Result) -> Result? {
    do { return try body() } catch let error as MillError {
      add(error)
    } catch {
      add(MillError(.configuration, "\(error)"))
    }
    return nil
  }
}
