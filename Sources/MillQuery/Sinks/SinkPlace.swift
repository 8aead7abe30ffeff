import Glibc
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
      (system, self.path, root) = (LocalFileSystem(), Self.absolute(plain), "file://")
      return
    }
    let (system, inner) = try (systems ?? FileSystems(root: "")).resolve(path)
    self.system = system
    if system is LocalFileSystem {
      (self.path, root) = (Self.absolute(inner), "file://")
      return
    }
    self.path = inner
    guard let scheme = path.firstRange(of: "://") else {
      root = "hdfs://"
      return
    }
    root = String(path[..<scheme.upperBound] + path[scheme.upperBound...].prefix { $0 != "/" })
  }

  private static func absolute(_ path: String) -> String {
    var full = path
    if !path.hasPrefix("/"), let here = getcwd(nil, 0) {
      full = "\(String(cString: here))/\(path)"
      free(here)
    }
    let parts = full.split(separator: "/").filter { $0 != "." }
    return "/" + parts.joined(separator: "/")
  }

  /// The address of a file below it, as Hadoop's Path writes it.
  func uri(_ relative: String) -> String { root + Self.quoted("\(path)/\(relative)") }

  /// What java.net.URI leaves as it is in a path; the rest of ASCII becomes `%XX`.
  private static func quoted(_ path: String) -> String {
    var out: [UInt8] = []
    for byte in path.utf8 {
      let isPlain =
        byte >= 0x80 || (48...57).contains(byte) || (97...122).contains(byte | 0x20)
        || "_-!.~'()*/:@&=+$,;".utf8.contains(byte)
      if isPlain { out.append(byte) } else { out += percent(byte) }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func percent(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }

  /// The path in an address that Spark or ``uri(_:)`` has written.
  static func path(inURI text: String) -> String? {
    var rest = text[...]
    if let scheme = text.firstRange(of: ":"), !text.hasPrefix("/") {
      rest = text[scheme.upperBound...]
      if rest.hasPrefix("//") { rest = rest.dropFirst(2).drop { $0 != "/" } }
    }
    var out: [UInt8] = []
    var bytes = rest.utf8.makeIterator()
    while let byte = bytes.next() {
      guard byte == UInt8(ascii: "%") else {
        out.append(byte)
        continue
      }
      guard let high = bytes.next(), let low = bytes.next(),
        let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
      else { return nil }
      out.append(value)
    }
    return out.isEmpty ? nil : String(decoding: out, as: UTF8.self)
  }

  /// `name=value` as a directory: Hive's escapes, and its word for null (ExternalCatalogUtils.getPartitionPathString).
  static func partition(_ name: String, _ value: String?) -> String {
    guard let value, !value.isEmpty else { return "\(escaped(name))=__HIVE_DEFAULT_PARTITION__" }
    return "\(escaped(name))=\(escaped(value))"
  }

  private static func escaped(_ text: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
      if byte < 0x20 || byte == 0x7F || "\"#%'*/:=?\\{[]^".utf8.contains(byte) {
        out += percent(byte)
      } else {
        out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
