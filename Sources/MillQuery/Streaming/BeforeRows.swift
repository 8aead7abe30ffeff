import MillBase

/// What must be on the disk before rows of a micro-batch go out: its offsets, and the state it begins with. So after a
/// power cut one micro-batch at most runs again that a sink has: the last one.
struct BeforeRows {
  let entry: Checkpoint.Entry
  let batchId: Int64
  /// The state's sync, under way.
  let state: DiskThreads.Pending?
  private var hasFailed = false

  init(_ entry: Checkpoint.Entry, _ batchId: Int64, state: DiskThreads.Pending?) {
    (self.entry, self.batchId, self.state) = (entry, batchId, state)
  }

  /// Syncs the offsets, and waits for the state.
  mutating func wait(_ checkpoint: Checkpoint) throws {
    do {
      // After a sync that failed nothing is known of the file.
      if hasFailed { try checkpoint.write(entry, batchId: batchId) } else { try checkpoint.syncOffsets(batchId) }
    } catch {
      hasFailed = true
      throw error
    }
    do { try state?.wait() } catch {
      // The state's file is gone: only the next start can make it anew.
      var failure = error as? MillError ?? MillError(.system, "\(error)")
      failure.isRetriable = false
      throw failure
    }
  }
}
