import MillArchive
import MillBase

/// Adds the time of passing (Flume: timestamp).
struct TimestampInterceptor: Interceptor {
  let header: String
  let preserves: Bool
  func intercept(_ event: inout Event) -> Bool {
    if !preserves || event.headers[header] == nil { event.headers[header] = String(Clock.nowMilliseconds()) }
    return true
  }
}

/// Adds a fixed header: static, and host with the machine's name or address.
struct StaticInterceptor: Interceptor {
  let header: String
  let value: String
  let preserves: Bool
  func intercept(_ event: inout Event) -> Bool {
    if !preserves || event.headers[header] == nil { event.headers[header] = value }
    return true
  }
}

/// Removes headers by name, list or pattern (Flume: remove_header).
struct RemoveHeaderInterceptor: Interceptor {
  let names: Set<String>
  let pattern: Pattern?
  func intercept(_ event: inout Event) -> Bool {
    for name in event.headers.keys where names.contains(name) || pattern?.matchesWhole(name) ?? false {
      event.headers[name] = nil
    }
    return true
  }
}

/// Replaces in the body's text (Flume: search_replace).
struct SearchReplaceInterceptor: Interceptor {
  let pattern: Pattern
  let replacement: String
  func intercept(_ event: inout Event) -> Bool {
    event.body = Array(pattern.replaceAll(in: String(decoding: event.body, as: UTF8.self), with: replacement).utf8)
    return true
  }
}

/// Keeps or drops events whose body matches somewhere (Flume: regex_filter).
struct RegexFilterInterceptor: Interceptor {
  let pattern: Pattern
  let excludes: Bool
  func intercept(_ event: inout Event) -> Bool {
    pattern.isFound(in: String(decoding: event.body, as: UTF8.self)) != excludes
  }
}

/// Puts the groups of a match in the body into headers (Flume: regex_extractor).
struct RegexExtractorInterceptor: Interceptor {
  let pattern: Pattern
  /// For each group its header; nil = none.
  let headers: [String?]
  func intercept(_ event: inout Event) -> Bool {
    guard let groups = pattern.firstMatch(in: String(decoding: event.body, as: UTF8.self)) else { return true }
    for (header, group) in zip(headers, groups.dropFirst()) {
      if let header, let group { event.headers[header] = group }
    }
    return true
  }
}
