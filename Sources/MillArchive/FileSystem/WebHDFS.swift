import MillBase

/// HDFS through its REST API.
///
/// There is no hflush over REST: an open file grows by whole appends, at most one a second or a MiB. What is between
/// two appends waits in this process; nobody is told that it is stored before the file is complete.
public final class WebHDFS: FileSystem {
  private let client: WebHDFSClient
  private let options: [(String, String)]

  /// - Parameters:
  ///   - nameNodes: `http://host:9870`, one for each NameNode, or an HttpFS server.
  ///   - user: `user.name`; nil sends none.
  ///   - replication: of new files; nil = HDFS's default.
  /// - Throws: `.configuration` for an address without `http://` or `https://`.
  public init(nameNodes: [String], user: String?, replication: Int? = nil, client: HTTPClient? = nil) throws {
    for address in nameNodes where !address.hasPrefix("http://") && !address.hasPrefix("https://") {
      throw MillError(
        .configuration, "'\(address)' is no address of WebHDFS",
        wayOut: "write http://HOST:9870, the NameNode's HTTP port")
    }
    guard !nameNodes.isEmpty else {
      throw MillError(.configuration, "WebHDFS needs the address of a NameNode", wayOut: "write http://HOST:9870")
    }
    self.client = WebHDFSClient(nameNodes: nameNodes, user: user, client: client ?? HTTPClient())
    options = replication.map { [("replication", "\($0)")] } ?? []
  }

  public var description: String { "WebHDFS at \(client.nameNodes.joined(separator: ", "))" }

  public func create(_ path: String) throws -> any FileWriter {
    WebHDFSWriter(path: path, client: client, options: options)
  }

  public func status(_ path: String) throws -> ArchiveStatus? {
    do {
      let response = try client.call("GET", path, "GETFILESTATUS")
      let status = try JSONValue(parsing: response.body)["FileStatus"]
      return status.map { Self.status($0, name: Files.split(path).name) }
    } catch let error as MillError where error.code == .notFound { return nil }
  }

  public func list(_ path: String) throws -> [ArchiveStatus] {
    do {
      var found: [ArchiveStatus] = []
      var remaining = true
      while remaining {
        let after = found.last.map { [("startAfter", $0.name)] } ?? []
        let response = try client.call("GET", path, "LISTSTATUS_BATCH", after)
        let listing = try JSONValue(parsing: response.body)["DirectoryListing"]
        let page = listing?["partialListing"]?["FileStatuses"]?["FileStatus"]?.array ?? []
        found += page.map { Self.status($0, name: $0["pathSuffix"]?.string ?? "") }
        remaining = (listing?["remainingEntries"]?.integer ?? 0) > 0 && !page.isEmpty
      }
      return found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    } catch let error as MillError where error.code == .notFound { return [] }
  }

  private static func status(_ json: JSONValue, name: String) -> ArchiveStatus {
    ArchiveStatus(
      name: name, size: json["length"]?.integer ?? 0, isDirectory: json["type"]?.string == "DIRECTORY",
      modified: json["modificationTime"]?.integer ?? 0)
  }

  public func makeDirectories(_ path: String) throws {
    guard try client.boolean("PUT", path, "MKDIRS") else {
      throw MillError(.refused, "HDFS does not make the directory", at: .init(file: path))
    }
  }

  public func rename(_ from: String, to: String) throws {
    if try client.boolean("PUT", from, "RENAME", [("destination", to)]) { return }
    // HDFS answers false for several reasons.
    let source = try status(from)
    let destination = try status(to)
    switch (source, destination) {
    case (nil, .some): return
    case (nil, nil): throw MillError(.notFound, "it is not there to be renamed", at: .init(file: from))
    case (.some, .some): throw MillError(.refused, "it can't be renamed: \(to) exists", at: .init(file: from))
    case (.some, nil):
      try makeDirectories(Files.split(to).directory)
      guard try client.boolean("PUT", from, "RENAME", [("destination", to)]) else {
        throw MillError(.refused, "HDFS does not rename it to \(to)", at: .init(file: from), isRetriable: true)
      }
    }
  }

  public func delete(_ path: String) throws -> Bool { try client.boolean("DELETE", path, "DELETE") }

  public func read(_ path: String, from position: Int64, count: Int) throws -> [UInt8] {
    // HDFS refuses a position past the end.
    guard let status = try status(path) else {
      throw MillError(.notFound, "there is no such file", at: .init(file: path))
    }
    guard position < status.size, count > 0 else { return [] }
    return try client.open(path, from: position, count: count)
  }
}
