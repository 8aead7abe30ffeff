import CYaml

/// A YAML document (1.1, through libyaml) that knows the line of each node, so that errors can name it.
public struct YAMLNode: Sendable {
  public indirect enum Content: Sendable {
    /// `isPlain`: written without quotes, so `true`, `5` and `~` mean what they look like.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    /// Pairs in the order of the text.
    case mapping([(key: String, line: Int, value: YAMLNode)])
  }
  public var content: Content
  public var file: String?
  /// Counted from 1.
  public var line: Int

  /// Nesting deeper than this is refused.
  public static let depthMax = 100
  /// Nodes in a document, copies through aliases counted: a few lines of aliases can stand for billions of nodes.
  public static let nodesMax = 1_000_000

  /// Parses the first document of the text. An empty text is an empty mapping.
  ///
  /// An alias (`*name`) stands for a copy of what its anchor marks. Merge keys (`<<`) are not resolved: that is an error.
  ///
  /// - Throws: `MillError.configuration` with file and line: syntax, a key twice, an unknown alias, nesting above
  ///   ``depthMax``, more than ``nodesMax`` nodes.
  public init(parsing text: String, file: String? = nil) throws {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else { throw MillError(.system, "libyaml can't start") }
    defer { yaml_parser_delete(&parser) }
    let bytes = Array(text.utf8)
    self = try bytes.withUnsafeBufferPointer { buffer in
      yaml_parser_set_input_string(&parser, buffer.baseAddress ?? UnsafePointer(bitPattern: 1)!, buffer.count)
      var document = yaml_document_t()
      guard yaml_parser_load(&parser, &document) == 1 else {
        let problem = parser.problem.map { String(cString: $0) } ?? "not YAML"
        throw MillError(
          .configuration, "not YAML: \(problem)",
          at: .init(file: file, line: Int(parser.problem_mark.line) + 1, column: Int(parser.problem_mark.column) + 1))
      }
      defer { yaml_document_delete(&document) }
      guard let root = yaml_document_get_root_node(&document) else {
        return YAMLNode(content: .mapping([]), file: file, line: 1)
      }
      var conversion = Conversion(document: document, file: file)
      return try conversion.convert(root, depth: 0)
    }
  }

  private init(content: Content, file: String?, line: Int) {
    self.content = content
    self.file = file
    self.line = line
  }

  /// From libyaml's tree to ours.
  private struct Conversion {
    var document: yaml_document_t
    let file: String?
    var nodes = 0

    mutating func convert(_ node: UnsafeMutablePointer<yaml_node_t>, depth: Int) throws -> YAMLNode {
      let line = Int(node.pointee.start_mark.line) + 1
      nodes += 1
      guard depth < YAMLNode.depthMax else { throw error("nested deeper than \(YAMLNode.depthMax)", line) }
      guard nodes <= YAMLNode.nodesMax else { throw error("more than \(YAMLNode.nodesMax) nodes", line) }
      switch node.pointee.type {
      case YAML_SCALAR_NODE:
        let scalar = node.pointee.data.scalar
        let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
        let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
        return YAMLNode(content: .scalar(text, isPlain: isPlain), file: file, line: line)
      case YAML_SEQUENCE_NODE:
        var items: [YAMLNode] = []
        var item = node.pointee.data.sequence.items.start!
        while item < node.pointee.data.sequence.items.top {
          items.append(try convert(yaml_document_get_node(&document, item.pointee), depth: depth + 1))
          item += 1
        }
        return YAMLNode(content: .sequence(items), file: file, line: line)
      default:
        return YAMLNode(content: .mapping(try pairs(node, depth: depth)), file: file, line: line)
      }
    }

    private mutating func pairs(
      _ node: UnsafeMutablePointer<yaml_node_t>, depth: Int
    ) throws -> [(key: String, line: Int, value: YAMLNode)] {
      var pairs: [(key: String, line: Int, value: YAMLNode)] = []
      var lines: [String: Int] = [:]
      var pair = node.pointee.data.mapping.pairs.start!
      while pair < node.pointee.data.mapping.pairs.top {
        let key = try convert(yaml_document_get_node(&document, pair.pointee.key), depth: depth + 1)
        let value = try convert(yaml_document_get_node(&document, pair.pointee.value), depth: depth + 1)
        guard case .scalar(let name, let isPlain) = key.content else {
          throw error("a key must be plain text", key.line)
        }
        if name == "<<", isPlain { throw error("merge keys (<<) are not resolved; write the keys out", key.line) }
        if let earlier = lines.updateValue(key.line, forKey: name) {
          throw error("'\(name)' is here twice (first in line \(earlier))", key.line)
        }
        pairs.append((name, key.line, value))
        pair += 1
      }
      return pairs
    }

    private func error(_ message: String, _ line: Int) -> MillError {
      MillError(.configuration, message, at: .init(file: file, line: line))
    }
  }

  // MARK: Looking inside

  public subscript(key: String) -> YAMLNode? {
    if case .mapping(let pairs) = content { pairs.first { $0.key == key }?.value } else { nil }
  }
  public var pairs: [(key: String, line: Int, value: YAMLNode)]? {
    if case .mapping(let pairs) = content { pairs } else { nil }
  }
  public var items: [YAMLNode]? { if case .sequence(let items) = content { items } else { nil } }
  /// The text of a scalar; nil for null, sequences and mappings.
  public var string: String? {
    guard case .scalar(let text, let isPlain) = content, !(isPlain && Self.nulls.contains(text)) else { return nil }
    return text
  }
  public var integer: Int? { string.flatMap { Int($0) } }
  public var double: Double? { string.flatMap { Double($0) } }
  public var bool: Bool? {
    switch string {
    case "true", "True", "TRUE", "yes", "on": true
    case "false", "False", "FALSE", "no", "off": false
    default: nil
    }
  }
  public var isNull: Bool {
    if case .scalar(let text, true) = content { Self.nulls.contains(text) } else { false }
  }
  private static let nulls: Set<String> = ["", "~", "null", "Null", "NULL"]

  /// An error at this node.
  public func error(_ message: String, wayOut: String? = nil) -> MillError {
    MillError(.configuration, message, at: .init(file: file, line: line), wayOut: wayOut)
  }

  /// The same tree as JSON, plain scalars read as YAML's core schema reads them.
  public var json: JSONValue {
    switch content {
    case .sequence(let items): return .array(items.map(\.json))
    case .mapping(let pairs): return .object(.init(pairs.map { ($0.key, $0.value.json) }))
    case .scalar(let text, false): return .string(text)
    case .scalar(let text, true):
      if isNull { return .null }
      if let bool { return .bool(bool) }
      if let number = try? JSONValue(parsing: text), number.double != nil { return number }
      return .string(text)
    }
  }
}
