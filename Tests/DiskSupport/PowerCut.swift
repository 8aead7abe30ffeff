import Glibc
import MillBase

/// A directory through several lives, each ended by a power cut.
package final class PowerCut {
  package private(set) var directory: String
  package var random: SeededRandom
  private let home: String
  private let keepsNewBlocks: Bool
  private var lives = 0

  /// - Parameters:
  ///   - name: of the test, whose directories are its own.
  ///   - keepsNewBlocks: see ``SimulatedDisk``.
  package init(_ name: String, seed: UInt64, keepsNewBlocks: Bool = false) throws {
    self.keepsNewBlocks = keepsNewBlocks
    // In memory, where syncs cost nothing: the disk is simulated.
    home =
      Files.exists("/dev/shm")
      ? "/dev/shm/mill-cut.\(getpid()).\(name).\(seed)" : try Files.makeTemporaryDirectory("mill-cut")
    try Files.makeDirectory(home)
    random = SeededRandom(seed)
    directory = "\(home)/0"
    try Files.makeDirectory(directory)
  }

  deinit {
    // In memory or temporary; what is left of it harms nobody.
    try? Files.removeTree(home)
  }

  /// Lets the power go at one of the changes that `work` makes, and moves to what is left.
  ///
  /// - Parameter work: gets the recorder, which counts the changes.
  /// - Returns: what `work` returns, and how many of the changes had been made.
  package func cut<Result>(_ work: (DiskRecorder) throws -> Result) throws -> (Result, moment: Int) {
    var disk = try SimulatedDisk(directory)
    disk.keepsNewBlocks = keepsNewBlocks
    let recorder = DiskRecorder(directory)
    let result: Result
    do {
      defer { recorder.stop() }
      result = try work(recorder)
    }
    let changes = recorder.changes
    let moment = Int.random(in: 0...changes.count, using: &random)
    for change in changes[..<moment] { disk.apply(change) }
    lives += 1
    let next = "\(home)/\(lives)"
    try disk.cutPower(directory, into: next, &random)
    directory = next
    return (result, moment)
  }
}
