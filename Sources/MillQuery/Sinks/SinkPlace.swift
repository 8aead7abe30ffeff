import MillArchive
import MillBase

/// A directory that rows are written to, on whichever file system, and how Spark names what is in it.
struct SinkPlace: Sendable {
  let system: any FileSystem
  /// In the file system, absolute.
  let path: String
  /// `file://`, `hdfs://namenode:8020`.
  private let root: String
  /// As the user wrote it.
  let written: String

  /// A local directory behind another file system, for tests.
  init(local path: String, in system: any FileSystem) {
    (self.system, self.path, root, written) = (system, path, "file://", path)
  }

  /// - Parameter systems: where paths with a scheme lie, and those without; nil = paths without one are this machine's.
  /// - Throws: `.configuration` for a scheme that can't be served.
  init(_ path: String, _ systems: FileSystems?) throws {
    written = path
    let plain: String? =
      if path.hasPrefix("file://") {
        String(path.dropFirst(7))
      } else if path.hasPrefix("file:") {
        String(path.dropFirst(5))
      } else {
        systems == nil && !path.contains("://") ? path : nil
      }
    if let plain {
      (system, self.path, root) = (LocalFileSystem(), PathAddress.absolute(plain), "file://")
      return
    }
    let (system, inner) = try (systems ?? FileSystems(root: "")).resolve(path)
    self.system = system
    if system is LocalFileSystem {
      (self.path, root) = (PathAddress.absolute(inner), "file://")
      return
    }
    self.path = inner
    guard let scheme = path.firstRange(of: "://") else {
      root = "hdfs://"
      return
    }
    root = String(path[..<scheme.upperBound] + path[scheme.upperBound...].prefix { $0 != "/" })
  }

  /// The address of a file below it, as Hadoop's Path writes it.
  func uri(_ relative: String) -> String { root + PathAddress.quote("\(path)/\(relative)") }

  /// The path in an address that Spark or ``uri(_:)`` has written.
  static func path(inURI text: String) -> String? {
    var rest = text[...]
    if let scheme = text.firstRange(of: ":"), !text.hasPrefix("/") {
      rest = text[scheme.upperBound...]
      if rest.hasPrefix("//") { rest = rest.dropFirst(2).drop { $0 != "/" } }
    }
    return rest.isEmpty ? nil : PathAddress.unquote(rest)
  }

  /// `name=value` as a directory: Hive's escapes, and its word for null (ExternalCatalogUtils.getPartitionPathString).
  static func partition(_ name: String, _ value: String?) -> String {
    guard let value, !value.isEmpty else { return "\(escaped(name))=__HIVE_DEFAULT_PARTITION__" }
    return "\(escaped(name))=\(escaped(value))"
  }

  private static func escaped(_ text: String) -> String {
    PathAddress.quote(text) { $0 < 0x20 || $0 == 0x7F || "\"#%'*/:=?\\{[]^".utf8.contains($0) }
  }
}
