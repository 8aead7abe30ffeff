import MillBase

/// One REST API that is asked again and again, and the spool directory that its documents go to.
public struct CollectorConfiguration: Sendable {
  /// Shown in logs, metrics and status; letters, digits, `-` and `_`.
  public var name: String
  /// `http://` or `https://`; a GET unless ``method`` says otherwise.
  public var url: String
  /// Where documents appear; made when it is missing.
  public var spool: String
  public var method = "GET"
  /// Sent with each request. Values of headers that carry credentials are registered with ``Secrets``.
  public var headers: [(name: String, value: String)] = []
  public var body: [UInt8] = []

  /// From one request to the next, on a fixed grid: a slow answer skips grid points and does not shift them. Default 1 s,
  /// the seed's.
  public var interval: Duration = .seconds(1)
  /// Default 5 s.
  public var connectTimeout: Duration = .seconds(5)
  /// For a whole request. Default 30 s.
  public var timeout: Duration = .seconds(30)
  /// The longest pause after the first failure; it doubles with each further one. Default 500 ms.
  public var retryDelayFirst: Duration = .milliseconds(500)
  /// No pause is longer, but for a Retry-After. Default 60 s.
  public var retryDelayMax: Duration = .seconds(60)
  /// A Retry-After beyond this counts as this. Default 1 h.
  public var retryAfterMax: Duration = .seconds(3600)

  /// Bytes of one document, unpacked. Default 16 MiB.
  public var documentBytesMax = 16 << 20
  /// Bytes of all files in the spool directory that no agent has completed; above it collecting pauses. Default 1 GiB.
  public var spoolBytesMax = 1 << 30
  /// The same for the number of files. Default 10,000.
  public var spoolFilesMax = 10_000
  /// What the agent appends to the names of files that it has done with: they don't count. Default `.COMPLETED` (Flume
  /// user guide, Spooling Directory Source, `fileSuffix`). With Flume's `trackingPolicy = tracker_dir` files keep their
  /// names and count for ever: use `rename` or `deletePolicy = immediate`.
  public var completedSuffix = ".COMPLETED"

  /// Write a document only when its content differs from the last one's: compared by a hash over the JSON value, so
  /// white space and the order of keys don't matter. Default false, as in the seed.
  public var onlyWhenChanged = false
  /// With ``onlyWhenChanged``: the part that is compared, keys and array indices joined by dots (`data`,
  /// `results.0.login`); empty = the whole document. The live DataUSA API shuffles the keys of its annotations, so
  /// `data` is the right part there.
  public var changedPart = ""

  public init(name: String, url: String, spool: String) {
    self.name = name
    self.url = url
    self.spool = spool
  }

  /// - Throws: `MillError.configuration` naming the key and the way out.
  public func validate() throws {
    func require(_ isRight: Bool, _ key: String, _ message: String, _ wayOut: String) throws {
      if isRight { return }
      throw MillError(.configuration, message, at: .init(key: "collect.\(name).\(key)"), wayOut: wayOut)
    }
    try require(
      name.wholeMatch(of: /[A-Za-z0-9_-]+/) != nil, "name", "'\(name)' is not a name", "use letters, digits, - and _")
    let scheme = ["http://", "https://"].first { url.lowercased().hasPrefix($0) }
    try require(
      scheme.map { url.utf8.count > $0.utf8.count } ?? false && !url.contains(where: \.isWhitespace), "url",
      "'\(HTTPClient.redacted(url))' is not a URL", "write http://HOST/PATH or https://…, with spaces as %20")
    try require(!completedSuffix.isEmpty, "completedSuffix", "no suffix", "write the agent's fileSuffix")
    try require(!spool.isEmpty, "spool", "no spool directory", "name the directory that the agent watches")
    let durations: [(String, Duration)] = [
      ("interval", interval), ("connectTimeout", connectTimeout), ("timeout", timeout),
      ("retryDelayFirst", retryDelayFirst), ("retryDelayMax", retryDelayMax),
    ]
    for (key, duration) in durations {
      try require(duration >= .milliseconds(1), key, "\(duration) is too short", "write at least 1ms")
    }
    let limits = [
      ("documentBytesMax", documentBytesMax), ("spoolBytesMax", spoolBytesMax), ("spoolFilesMax", spoolFilesMax),
    ]
    for (key, limit) in limits { try require(limit >= 1, key, "\(limit) is too small", "write at least 1") }
    try require(
      documentBytesMax <= spoolBytesMax, "documentBytesMax",
      "a document of \(documentBytesMax) bytes would never fit into a spool of \(spoolBytesMax)",
      "raise spoolBytesMax or lower documentBytesMax")
    try require(
      changedPart.isEmpty || onlyWhenChanged, "changedPart", "changedPart does nothing without onlyWhenChanged",
      "set onlyWhenChanged: true or remove changedPart")
  }
}
