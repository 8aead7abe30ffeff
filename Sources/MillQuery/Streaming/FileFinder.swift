import MillArchive
import MillBase

/// The files of a source: of a file, a directory, or a pattern.
struct FileFinder: Sendable {
  struct Found: Sendable, Equatable {
    /// In the file system.
    var path: String
    var size: Int64
    /// Milliseconds since 1970.
    var modified: Int64
  }

  let system: any FileSystem
  /// In the file system; absolute.
  let path: String
  /// What stands before it in a URI: `file://`, `hdfs://nn:9000`.
  let authority: String
  private let glob: PathGlob?
  private let filter: PathGlob?
  private let isRecursive: Bool
  /// Where partitions begin, in the file system; nil = at the path.
  private let basePath: String?

  /// - Parameter path: instead of the source's own.
  /// - Throws: `.configuration` for a scheme that can't be served, or a pattern that is none.
  init(_ source: FileSource, path given: String? = nil, systems: FileSystems?) throws {
    let given = given ?? source.path
    if let scheme = given.firstRange(of: "://"), !given.hasPrefix("file://") {
      (system, path) = try (systems ?? FileSystems(root: "")).resolve(given)
      let slash = given[scheme.upperBound...].firstIndex(of: "/") ?? given.endIndex
      authority = String(given[..<slash])
    } else {
      system = LocalFileSystem()
      path = given.hasPrefix("file://") ? String(given.dropFirst(7)) : given
      authority = "file://"
    }
    glob = PathGlob.isPattern(path) ? try PathGlob(path) : nil
    filter = try source.pathGlobFilter.map { try PathGlob($0) }
    isRecursive = source.isRecursive
    basePath = source.basePath.map { [authority] base in
      PathAddress.absolute(base.hasPrefix(authority) ? String(base.dropFirst(authority.count)) : base)
    }
  }

  /// Hadoop leaves files with such names alone: they are being written, or are no data.
  static func isHidden(_ name: String) -> Bool {
    (name.hasPrefix("_") && !name.contains("=")) || name.hasPrefix(".") || name.hasSuffix("._COPYING_")
  }

  /// All files, directory by directory in the order of names; nil when nothing is at the path (a pattern may be without).
  ///
  /// - Parameter filtered: without those that pathGlobFilter keeps out.
  func find(filtered: Bool = true) throws -> [Found]? {
    guard let found = try all(filtered) else { return nil }
    if isRecursive { return found }
    // As Spark without recursiveFileLookup: what lies deeper counts in directories of partitions only.
    let below = found.map { file in
      Files.split(PathAddress.absolute(file.path)).directory.dropFirst(top(of: file.path).count)
    }
    if below.contains(where: { $0.contains("=") }) { return found }
    return zip(found, below).filter { $0.1.isEmpty }.map(\.0)
  }

  private func all(_ filtered: Bool) throws -> [Found]? {
    let filter = filtered ? filter : nil
    guard let glob else {
      guard let status = try system.status(path) else { return nil }
      guard status.isDirectory else { return [Found(path: path, size: status.size, modified: status.modified)] }
      let log = SinkFileLog(of: path, in: system)
      return try log.exists ? logged(log) : files(path, filter)
    }
    var found: [Found] = []
    for choice in glob.paths.indices { try match(glob, choice, 0, path.hasPrefix("/") ? "" : ".", filter, &found) }
    return found
  }

  /// Of a directory that a query writes: the files that its log has.
  private func logged(_ log: SinkFileLog) throws -> [Found] {
    try log.files().map { entry in
      guard let file = SinkPlace.path(inURI: entry.path) else {
        throw MillError(
          .corrupt, "the log names a file by \(entry.path), which is no address", at: .init(file: log.directory))
      }
      guard let found = try system.status(file) else {
        throw MillError(
          .notFound, "the file is not there, and \(log.directory) names it", at: .init(file: file),
          wayOut: "a directory that was moved or thinned out can be read after its \(SinkFileLog.folder) is removed")
      }
      return Found(path: file, size: found.size, modified: entry.modified)
    }
  }

  private func files(_ directory: String, _ filter: PathGlob?) throws -> [Found] {
    var found: [Found] = []
    for entry in try system.list(directory) where !Self.isHidden(entry.name) {
      if entry.isDirectory {
        found += try files("\(directory)/\(entry.name)", filter)
      } else if filter?.matches(name: entry.name) ?? true {
        found.append(Found(path: "\(directory)/\(entry.name)", size: entry.size, modified: entry.modified))
      }
    }
    return found
  }

  private func match(
    _ glob: PathGlob, _ choice: Int, _ depth: Int, _ directory: String, _ filter: PathGlob?, _ found: inout [Found]
  ) throws {
    let parts = glob.paths[choice]
    let isLast = depth == parts.count - 1
    let entries: [ArchiveStatus]
    if PathGlob.isPattern(parts[depth]) {
      entries = try system.list(directory.isEmpty ? "/" : directory).filter {
        glob.matches($0.name, choice: choice, depth: depth) && !Self.isHidden($0.name)
      }
    } else {
      entries = try system.status("\(directory)/\(parts[depth])").map { [$0] } ?? []
    }
    for entry in entries {
      let path = "\(directory)/\(entry.name)"
      if !isLast {
        if entry.isDirectory { try match(glob, choice, depth + 1, path, filter, &found) }
      } else if entry.isDirectory {
        found += try files(path, filter)
      } else if filter?.matches(name: entry.name) ?? true {
        found.append(Found(path: path, size: entry.size, modified: entry.modified))
      }
    }
  }

  // MARK: Partitions

  /// Where a file's partitions begin: the directory that the path names, or that matches the pattern; of a file that is
  /// named itself, its own. The option basePath wins.
  func top(of file: String) -> String {
    if let basePath { return basePath }
    let file = PathAddress.absolute(file)
    guard let glob else {
      let top = PathAddress.absolute(path)
      return top == file ? Files.split(file).directory : top
    }
    let names = file.split(separator: "/").map(String.init)
    let above = PathAddress.absolute(".").split(separator: "/").count
    for (choice, parts) in glob.paths.enumerated() {
      let start = path.hasPrefix("/") ? 0 : above
      guard names.count > start + parts.count,
        parts.indices.allSatisfy({ glob.matches(names[start + $0], choice: choice, depth: $0) })
      else { continue }
      return "/" + names.prefix(start + parts.count).joined(separator: "/")
    }
    return Files.split(file).directory
  }

  /// - Throws: `.configuration`, in Spark's words, for a basePath that is not above what is read.
  func checkBasePath(_ found: [Found]) throws {
    guard let basePath else { return }
    let read = glob == nil ? [path] : found.map(\.path)
    guard let wrong = read.map(PathAddress.absolute).first(where: { !$0.hasPrefix(basePath) }) else { return }
    let root = authority == "file://" ? "file:" : authority
    throw MillError(.configuration, "Wrong basePath \(basePath) for the root path: \(root)\(wrong)")
  }

  /// The path for people, from the root on: `file:/in/*.json`, `hdfs://nn:9000/in`.
  var description: String { (authority == "file://" ? "file:" : authority) + PathAddress.absolute(path) }

  // MARK: URIs

  /// The path as Spark's logs have it: `file:///in/a%20b.json`.
  func uri(_ path: String) -> String { authority + PathAddress.quote(PathAddress.absolute(path)) }

  /// The path of a URI, in this file system.
  func path(ofURI uri: String) throws -> String {
    guard uri.hasPrefix(authority), let path = PathAddress.unquote(uri.dropFirst(authority.count)) else {
      throw SourceChanged(text: "the checkpoint has read \(uri), the query reads \(description)")
    }
    return path
  }
}
