@testable import MillLog

/// A record batch as the fuzzer's bytes say: mostly a good one.
enum DrawnBatch {
  static func make(_ source: inout ChosenSource) throws -> [UInt8] {
    let codec = Codec.allCases[source.input.choose(5)]
    let records = (0...source.input.choose(3)).map { _ in record(&source) }
    var batch = try BatchEncoder.encode(records, codec: codec, now: 1_700_000_000_000)
    let change = source.input.byte()
    if change & 1 != 0 {
      // Producer id, epoch, sequence; in a transaction or not.
      put(Int64(bitPattern: source.integer()), at: 43, &batch)
      put(Int16(source.input.choose(4)), at: 51, &batch)
      put(Int32(source.input.choose(8)), at: 53, &batch)
      if change & 2 != 0 { batch[22] |= 16 }
    }
    if change & 4 != 0 { batch[source.input.choose(BatchHeader.size)] = source.input.byte() }
    if change & 8 != 0 { batch[BatchHeader.size + source.input.choose(256) % (batch.count - BatchHeader.size)] ^= 1 }
    if change & 16 == 0 { BatchEncoder.seal(&batch) }
    return batch
  }

  private static func record(_ source: inout ChosenSource) -> Record {
    let parts = source.input.byte()
    return Record(
      key: parts & 1 == 0 ? Array(source.text().utf8) : nil, value: parts & 2 == 0 ? Array(source.text().utf8) : nil,
      headers: parts & 4 == 0 ? [] : [.init(source.text(), parts & 8 == 0 ? Array(source.text().utf8) : nil)],
      timestamp: parts & 16 == 0 ? nil : Int64(bitPattern: source.integer()))
  }

  private static func put<Integer: FixedWidthInteger>(_ value: Integer, at index: Int, _ batch: inout [UInt8]) {
    withUnsafeBytes(of: value.bigEndian) { batch.replaceSubrange(index..<(index + $0.count), with: $0) }
  }
}
