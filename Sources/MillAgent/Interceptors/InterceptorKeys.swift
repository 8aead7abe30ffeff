import MillArchive
import MillBase

/// The interceptors and their keys (Flume user guide, Flume Interceptors).
enum InterceptorKeys {
  private static let package = "org.apache.flume.interceptor"

  static let specs: [ComponentSpec] = [
    spec(
      "timestamp", "TimestampInterceptor",
      [
        KeySpec("headerName", "timestamp", "the header"),
        KeySpec("header", nil, "the user guide's word", .alias(of: "headerName")),
        KeySpec("preserveExisting", "false", "keep a header that is there"),
      ]),
    spec(
      "host", "HostInterceptor",
      [
        KeySpec("hostHeader", "host", "the header"),
        KeySpec("useIP", "true", "the address instead of the name"),
        KeySpec("preserveExisting", "false", "keep a header that is there"),
      ]),
    spec(
      "static", "StaticInterceptor",
      [
        KeySpec("key", "key", "the header"), KeySpec("value", "value", "what it gets"),
        KeySpec("preserveExisting", "true", "keep a header that is there"),
      ]),
    spec(
      "remove_header", "RemoveHeaderInterceptor",
      [
        KeySpec("withName", nil, "a header to remove"), KeySpec("fromList", nil, "headers to remove"),
        KeySpec("fromListSeparator", "\\s*,\\s*", "what separates the list"),
        KeySpec("matching", nil, "headers to remove by pattern"),
      ]),
    spec(
      "search_replace", "SearchAndReplaceInterceptor",
      [
        KeySpec("searchPattern", nil, "what to look for", .required),
        KeySpec("replaceString", "", "what comes in its place"), KeySpec("charset", "UTF-8", "encoding of the body"),
      ]),
    spec(
      "regex_filter", "RegexFilteringInterceptor",
      [
        KeySpec("regex", ".*", "what to look for"), KeySpec("excludeEvents", "false", "drop what matches"),
      ]),
    spec(
      "regex_extractor", "RegexExtractorInterceptor",
      [
        KeySpec("regex", nil, "what to look for", .required),
        KeySpec("serializers", nil, "one name for each group", .required),
        KeySpec("serializers.", nil, "the header of each group", .prefix),
      ]),
  ]

  private static func spec(_ type: String, _ name: String, _ keys: [KeySpec]) -> ComponentSpec {
    ComponentSpec(
      kind: .source, type: type, otherNames: ["\(package).\(name)$Builder"],
      source: "Flume user guide, Flume Interceptors", keys: keys)
  }

  /// Makes the interceptors that a source lists, in their order; what is wrong lands in `problems`.
  static func make(for source: ComponentConfiguration, agent: String, file: String, problems: inout Problems)
    -> [any Interceptor]?
  {
    guard let list = source.properties["interceptors"] else { return [] }
    var interceptors: [any Interceptor] = []
    var isComplete = true
    for name in list.value.split(whereSeparator: \.isWhitespace) {
      let prefix = "interceptors.\(name)."
      var component = ComponentConfiguration(kind: .source, name: "\(source.name).interceptors.\(name)")
      for (key, property) in source.properties where key.hasPrefix(prefix) {
        component.properties[String(key.dropFirst(prefix.count))] = property
      }
      let place = MillError.Place(
        file: file, line: component.properties["type"]?.line ?? list.line,
        key: "\(agent).sources.\(component.name).type")
      let type = component.properties["type"]?.value
      guard let spec = specs.first(where: { type.map($0.isNamed) ?? false }) else {
        problems.error(
          type.map { "the interceptor '\($0)' is not supported" } ?? "the interceptor has no type", at: place,
          wayOut: "write one of " + specs.map(\.type).joined(separator: ", "))
        isComplete = false
        continue
      }
      var reader = SettingsReader(component, spec: spec, agent: agent, file: file)
      let interceptor = make(&reader)
      reader.problems.list.forEach { problems.add($0) }
      if let interceptor, reader.isUsable { interceptors.append(interceptor) } else { isComplete = false }
    }
    return isComplete ? interceptors : nil
  }

  private static func make(_ reader: inout SettingsReader) -> (any Interceptor)? {
    switch reader.spec.type {
    case "timestamp":
      return TimestampInterceptor(header: reader.string("headerName")!, preserves: reader.bool("preserveExisting"))
    case "host":
      let usesAddress = reader.bool("useIP")
      guard let host = try? usesAddress ? Machine.address() : Machine.fullName() else {
        reader.error("useIP", "the machine does not know its name")
        return nil
      }
      return StaticInterceptor(
        header: reader.string("hostHeader")!, value: host, preserves: reader.bool("preserveExisting"))
    case "static":
      return StaticInterceptor(
        header: reader.string("key")!, value: reader.string("value")!, preserves: reader.bool("preserveExisting"))
    case "remove_header":
      var names = Set(reader.string("withName").map { [$0] } ?? [])
      if let list = reader.string("fromList"), let separator = reader.pattern("fromListSeparator") {
        names.formUnion(separator.split(list))
      }
      return RemoveHeaderInterceptor(names: names, pattern: reader.pattern("matching"))
    case "search_replace":
      _ = reader.required("searchPattern")
      return reader.pattern("searchPattern").map {
        SearchReplaceInterceptor(pattern: $0, replacement: reader.string("replaceString")!)
      }
    case "regex_filter":
      return reader.pattern("regex").map { RegexFilterInterceptor(pattern: $0, excludes: reader.bool("excludeEvents")) }
    default: return makeExtractor(&reader)
    }
  }

  private static func makeExtractor(_ reader: inout SettingsReader) -> (any Interceptor)? {
    _ = reader.required("regex")
    let names = reader.required("serializers").split(whereSeparator: \.isWhitespace)
    var headers: [String?] = []
    for name in names {
      let key = "serializers.\(name)."
      let properties = reader.component.properties
      if let type = properties[key + "type"], type.value.lowercased() != "default" {
        reader.error(key + "type", "the serializer '\(type.value)' is not supported", wayOut: "write default")
      }
      guard let header = properties[key + "name"] else {
        reader.error("serializers", "the serializer \(name) names no header", wayOut: "set serializers.\(name).name")
        continue
      }
      headers.append(header.value)
    }
    return reader.pattern("regex").map { RegexExtractorInterceptor(pattern: $0, headers: headers) }
  }
}
