import MillBase

/// Writes a file of HDFS by CREATE with the first bytes, then by APPEND.
final class WebHDFSWriter: FileWriter {
  /// Less than this waits for more, or for `appendInterval`: an append costs HDFS a lease and a block report.
  static let appendSizeMin = 1 << 20
  static let appendInterval: UInt64 = 1_000_000_000
  /// At most so many bytes in one request.
  static let appendSizeMax = 8 << 20
  /// How often TRUNCATE is asked whether it has finished in the background.
  static let truncateTries = 50

  private let path: String
  private let client: WebHDFSClient
  private let options: [(String, String)]
  private var buffer: [UInt8] = []
  /// Bytes that HDFS has for certain.
  private var stored: Int64 = 0
  private var isCreated = false
  /// An append was sent and its answer never came: HDFS may have none, some or all of its bytes.
  private var isUncertain = false
  private var lastAppend: UInt64 = 0

  init(path: String, client: WebHDFSClient, options: [(String, String)]) {
    self.path = path
    self.client = client
    self.options = options
  }

  var buffered: Int { buffer.count }

  func write(_ bytes: [UInt8]) { buffer += bytes }

  func flush() throws {
    let isDue = Clock.steadyNanoseconds() - lastAppend >= Self.appendInterval
    if !isCreated || buffer.count >= Self.appendSizeMin || isDue { try send() }
  }

  func close() throws {
    try send()
    guard let size = try status() else { throw gone() }
    guard size == stored else {
      throw MillError(
        .corrupt, "HDFS has \(size) bytes of the file, and \(stored) were written", at: .init(file: path),
        wayOut: "see that nothing else writes it; what it held is read and written again")
    }
  }

  private func send() throws {
    if isUncertain { try makeCertain() }
    while !buffer.isEmpty || !isCreated {
      let bytes = Array(buffer.prefix(Self.appendSizeMax))
      if isCreated {
        isUncertain = true
        do { try client.send(bytes, "POST", path, "APPEND", []) } catch let error as MillError
          where error.code == .notFound
        {
          throw gone()
        }
        isUncertain = false
      } else {
        // Overwriting makes it repeatable.
        try client.send(bytes, "PUT", path, "CREATE", [("overwrite", "true"), ("createparent", "true")] + options)
        isCreated = true
      }
      stored += Int64(bytes.count)
      buffer.removeFirst(bytes.count)
      lastAppend = Clock.steadyNanoseconds()
    }
  }

  /// Cuts the file back to what was stored for certain. This also ends a lease that a broken append left behind.
  private func makeCertain() throws {
    guard let size = try status() else { throw gone() }
    guard size >= stored else {
      throw MillError(
        .corrupt, "HDFS has \(size) bytes of the file, fewer than the \(stored) stored before", at: .init(file: path))
    }
    var isDone = try client.boolean("POST", path, "TRUNCATE", [("newlength", "\(stored)")])
    let pause = Signal()
    for _ in 0..<Self.truncateTries where !isDone {
      pause.wait(.milliseconds(100))
      isDone = try status() == stored
    }
    guard isDone else {
      throw MillError(.refused, "HDFS still recovers the file", at: .init(file: path), isRetriable: true)
    }
    isUncertain = false
  }

  private func status() throws -> Int64? {
    do {
      let response = try client.call("GET", path, "GETFILESTATUS")
      return try JSONValue(parsing: response.body)["FileStatus"]?["length"]?.integer
    } catch let error as MillError where error.code == .notFound { return nil }
  }

  private func gone() -> MillError {
    MillError(
      .lost, "the file is gone from HDFS while it was written", at: .init(file: path),
      wayOut: "nothing is lost: what it held is read and written again")
  }
}

extension MillError.Code {
  /// A file vanished while it was written: what it held has to be written again from its source.
  public static let lost = Self("lost")
}
