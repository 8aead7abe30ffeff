import MillBase
import Testing

@testable import MillLog

/// Batches from outside: judged before they are stored, kept once when sent twice.
@Suite struct ProducerTests {
  static func batch(producer: Int64, epoch: Int16, sequence: Int32, count: Int = 1) throws -> [UInt8] {
    var bytes = try BatchEncoder.encode((0..<count).map { Fixture.record($0) }, codec: .none, now: 0)
    func put<Integer: FixedWidthInteger>(_ value: Integer, _ at: Int) {
      withUnsafeBytes(of: value.bigEndian) { raw in for (step, byte) in raw.enumerated() { bytes[at + step] = byte } }
    }
    put(producer, 43)
    put(epoch, 51)
    put(sequence, 53)
    BatchEncoder.seal(&bytes)
    return bytes
  }

  /// Sends the batches in order; each with the offset or error it has to give.
  private func check(_ steps: [(epoch: Int16, sequence: Int32, count: Int, result: Result<Int64, MillError.Code>)])
    throws
  {
    let fixture = try Fixture()
    let log = try fixture.open()
    try log.createTopic("pop", partitions: 1, configuration: [:])
    for (number, step) in steps.enumerated() {
      let batch = try Self.batch(producer: 7, epoch: step.epoch, sequence: step.sequence, count: step.count)
      do {
        let offset = try log.appendStored(batch, to: Fixture.partition).baseOffset
        guard case .success(offset) = step.result else { throw MillError(.badInput, "offset \(offset)") }
      } catch let error as MillError {
        guard case .failure(let code) = step.result, code == error.code else {
          Issue.record("step \(number): \(error)")
          continue
        }
      }
    }
  }

  private enum Result<Value, Failure> {
    case success(Value)
    case failure(Failure)
  }

  @Test func aBatchSentTwiceIsKeptOnce() throws {
    try check([
      (0, 0, 3, .success(0)), (0, 3, 2, .success(3)), (0, 0, 3, .success(0)), (0, 3, 2, .success(3)),
      (0, 5, 1, .success(5)),
    ])
  }

  @Test func gapsAndOldEpochsAreRefused() throws {
    try check([
      (0, 0, 3, .success(0)), (0, 4, 1, .failure(.outOfOrderSequence)), (0, 1, 1, .failure(.outOfOrderSequence)),
      (1, 5, 1, .failure(.outOfOrderSequence)), (1, 0, 1, .success(3)), (0, 3, 1, .failure(.invalidProducerEpoch)),
      (1, 1, 1, .success(4)),
    ])
  }

  /// An unknown producer may begin anywhere: its past may have gone by retention.
  @Test func anUnknownProducerBeginsAnywhere() throws {
    try check([(3, 99, 1, .success(0)), (3, 100, 1, .success(1))])
  }

  @Test func sequencesBeginAgainAfterTheLast() throws {
    try check([(0, .max - 1, 2, .success(0)), (0, 0, 1, .success(2)), (0, .max - 1, 2, .success(0))])
  }

  /// Each change to a good batch has to be refused with the code.
  @Test(arguments: [
    ("cut", MillError.Code.corrupt), ("crc", .corrupt), ("magic", .badInput), ("count", .badInput),
    ("delta", .badInput), ("trailing", .badInput), ("control", .badInput), ("length", .corrupt), ("record", .corrupt),
  ]) func aBadBatchIsRefused(what: String, code: MillError.Code) throws {
    let fixture = try Fixture()
    let log = try fixture.open()
    try log.createTopic("pop", partitions: 1, configuration: [:])
    var batch = try BatchEncoder.encode((0..<5).map { Fixture.record($0) }, codec: .none, now: 0)
    switch what {
    case "cut": batch.removeLast(batch.count - 40)
    case "crc": batch[70] ^= 1
    case "magic": batch[16] = 1
    case "count": batch[60] = 6
    case "delta": batch[26] = 9
    case "trailing": batch += [0]
    case "control": batch[22] |= 32
    case "length": batch[8] = 0xFF
    default: batch[61] = 0x7E
    }
    if what != "crc", batch.count > 61 { BatchEncoder.seal(&batch) }
    do {
      _ = try log.appendStored(batch, to: Fixture.partition)
      Issue.record("\(what) was taken")
    } catch let error as MillError { #expect(error.code == code, "\(what): \(error)") }
    #expect(try log.offsets(Fixture.partition) == (0, 0))
  }
}
