import MillBase

/// The directories `name=value` on the way to a file (Spark's PartitioningUtils.parsePartition).
struct PartitionPath: Sendable, Equatable {
  struct Part: Sendable, Equatable {
    var name: String
    /// As it is written in the path.
    var value: String
  }

  /// From the outermost one on; empty for a directory that is none of a partition's.
  var parts: [Part] = []
  /// What lies above them; without parts, the directory itself.
  var base: String

  /// - Parameters:
  ///   - directory: from the root on.
  ///   - top: where to stop, without looking at its own name; nil = at the first directory above that is no part.
  /// - Returns: nil in a directory of files that are being written, `_temporary`.
  /// - Throws: `.badInput`, in Spark's words, for `=value` and `name=`.
  init?(of directory: String, below top: String?) throws {
    var names = directory.split(separator: "/").map(String.init)
    let topCount = top.map { $0.split(separator: "/").count }
    while let name = names.last {
      if name.lowercased() == "_temporary" { return nil }
      if names.count == topCount { break }
      guard let part = try Self.part(name) else {
        if !parts.isEmpty { break }
        names.removeLast()
        continue
      }
      parts.append(part)
      names.removeLast()
    }
    parts.reverse()
    base = parts.isEmpty ? directory : "/" + names.joined(separator: "/")
  }

  private static func part(_ name: String) throws -> Part? {
    guard let sign = name.firstIndex(of: "=") else { return nil }
    let value = String(name[name.index(after: sign)...])
    for (text, what, side, key) in [
      (name[..<sign], "column name", "before", "NAME"), (value[...], "value", "after", "VALUE"),
    ] where text.isEmpty {
      throw MillError(
        .badInput,
        "[EMPTY_PARTITION_COLUMN_\(key)] Found an empty partition \(what) in the path segment '\(name)'. Each partition "
          + "directory must have a non-empty \(key == "NAME" ? what : "value") \(side) the '=' sign (e.g., 'col=value'). "
          + "SQLSTATE: KD009")
    }
    return Part(name: unescaped(String(name[..<sign])), value: value)
  }

  /// `%2F` → `/`; a `%` without two hexadecimal digits stays (ExternalCatalogUtils.unescapePathName).
  static func unescaped(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
    var result = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if scalar == "%", rest.count >= 2, rest.prefix(2).allSatisfy({ $0.properties.isASCIIHexDigit }),
        let code = UInt8(String(String.UnicodeScalarView(rest.prefix(2))), radix: 16)
      {
        result.append(Unicode.Scalar(code))
        rest = rest.dropFirst(2)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}
