import MillArchive
import MillBase

/// Which file system an `hdfs.path` means.
struct ArchiveDirectory: Sendable {
  private let local = LocalFileSystem()
  private let root: String
  private let hdfs: WebHDFS?
  private let user: String?

  init(_ configuration: PipelineConfiguration) throws {
    let archive = configuration.archive
    try self.init(root: configuration.dataPath(archive.root), webhdfs: archive.webhdfs, user: archive.user)
  }

  /// - Parameters:
  ///   - root: where paths without a scheme are, when there is no HDFS.
  ///   - webhdfs: NameNodes, `http://host:9870[,…]`.
  /// - Throws: `.configuration` when that is no address.
  init(root: String, webhdfs: String?, user: String?) throws {
    self.root = root
    self.user = user
    hdfs = try webhdfs.map { addresses in
      try WebHDFS(nameNodes: addresses.split(separator: ",").map { String($0.filter { $0 != " " }) }, user: user)
    }
  }

  /// - `hdfs://…` and paths without a scheme: the pipeline's `archive.webhdfs`, else (without a scheme) below its root.
  /// - `webhdfs://host:port/…`: that NameNode. `file:///…`: this machine.
  func fileSystem(_ path: String) throws -> (any FileSystem, path: String) {
    guard let range = path.firstRange(of: "://") else {
      if let hdfs { return (hdfs, path) }
      return (local, "\(root)\(path.hasPrefix("/") ? "" : "/")\(path)")
    }
    let rest = path[range.upperBound...]
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let (authority, tail) = (String(rest[..<slash]), slash < rest.endIndex ? String(rest[slash...]) : "/")
    switch path[..<range.lowerBound] {
    case "file": return (local, tail)
    case "webhdfs": return (try WebHDFS(nameNodes: ["http://\(authority)"], user: user), tail)
    case "hdfs":
      guard let hdfs else {
        throw MillError(
          .configuration, "HDFS is reached through WebHDFS, and its address is not known", at: .init(key: path),
          wayOut:
            "name it in the pipeline: archive: {webhdfs: \"http://namenode:9870\"}, or write webhdfs://host:port/…")
      }
      return (hdfs, tail)
    case let scheme:
      throw MillError(
        .configuration, "the scheme '\(scheme)' is not known", at: .init(key: path),
        wayOut: "hdfs, webhdfs and file are")
    }
  }
}
