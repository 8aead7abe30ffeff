import MillBase

/// Which file system a path is in, by its scheme.
///
/// `file:///dir`: this machine. `webhdfs://host:port/dir`, `swebhdfs://…`: that NameNode. `hdfs://…/dir`: the
/// configured WebHDFS address, since HDFS's own protocol is not spoken here. No scheme: HDFS when it is configured,
/// else below the local root.
public struct FileSystems: Sendable {
  private let root: String
  private let hdfs: WebHDFS?
  private let user: String?

  /// - Parameters:
  ///   - root: local directory that stands for `/` when there is no HDFS.
  ///   - webHDFS: `http://host:9870` of each NameNode; empty = no HDFS.
  ///   - user: HDFS's user.name.
  /// - Throws: `.configuration` for an address that is none.
  public init(root: String, webHDFS: [String] = [], user: String? = nil) throws {
    self.root = root
    self.user = user
    hdfs = webHDFS.isEmpty ? nil : try WebHDFS(nameNodes: webHDFS, user: user)
  }

  /// - Returns: the file system, and the path in it.
  /// - Throws: `.configuration` for a scheme that can't be served, `.badInput` for a path that leads out by `..`.
  public func resolve(_ path: String) throws -> (any FileSystem, path: String) {
    guard let colon = path.firstRange(of: "://") else {
      let inner = try Self.normal(path)
      if let hdfs { return (hdfs, inner) }
      return (LocalFileSystem(), root + inner)
    }
    let scheme = path[..<colon.lowerBound].lowercased()
    let rest = path[colon.upperBound...]
    let slash = rest.firstIndex(of: "/") ?? rest.endIndex
    let authority = rest[..<slash]
    let inner = try Self.normal(String(rest[slash...]))
    switch scheme {
    case "file": return (LocalFileSystem(), inner)
    case "webhdfs": return (try WebHDFS(nameNodes: ["http://\(authority)"], user: user), inner)
    case "swebhdfs": return (try WebHDFS(nameNodes: ["https://\(authority)"], user: user), inner)
    case "hdfs":
      if let hdfs { return (hdfs, inner) }
      throw MillError(
        .configuration, "'\(path)' is in HDFS, and no WebHDFS address is configured",
        wayOut: "set archive.webhdfs to http://NAMENODE:9870, or write webhdfs://NAMENODE:9870/…")
    default:
      throw MillError(
        .configuration, "the scheme '\(scheme)' is not supported",
        wayOut: "write file://, webhdfs://, swebhdfs:// or hdfs://")
    }
  }

  /// Begins with `/`, without empty and `.` parts. Headers of events may be part of a path: none may lead out.
  private static func normal(_ path: String) throws -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    guard !parts.contains("..") else { throw MillError(.badInput, "the path '\(path)' leads out of the archive") }
    return "/" + parts.joined(separator: "/")
  }
}
