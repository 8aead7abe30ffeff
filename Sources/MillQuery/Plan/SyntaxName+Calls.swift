import MillColumns

/// Names of calls that Spark writes in a way of its own.
extension SyntaxName {
  /// Arguments that Spark shows when they are not written.
  private static let defaults: [String: (after: Int, text: String)] = [
    "from_unixtime": (1, seconds), "unix_timestamp": (1, seconds), "to_unix_timestamp": (1, seconds),
    "months_between": (2, "true"), "substring": (2, "2147483647"), "substr": (2, "2147483647"),
    "regexp_extract": (2, "1"), "regexp_extract_all": (2, "1"), "regexp_instr": (2, "0"), "str_to_map": (2, ":"),
    "lpad": (2, " "), "rpad": (2, " "), "overlay": (3, "-1"), "replace": (2, ""), "array_sort": (1, nullsLast),
    "percentile": (2, "1"), "percentile_approx": (2, "10000"),
    "approx_percentile": (2, "10000"),
    "listagg": (1, "NULL"), "string_agg": (1, "NULL"), "sort_array": (1, "true"), "round": (1, "0"),
    "bround": (1, "0"), "regexp_replace": (3, "1"), "split": (2, "-1"), "locate": (2, "1"), "position": (2, "1"),
    "aggregate": (3, unchanged), "reduce": (3, unchanged), "lag": (1, "1, NULL"), "lead": (1, "1, NULL"),
  ]
  private static let seconds = "yyyy-MM-dd HH:mm:ss"
  private static let nullsLast = """
    lambdafunction((IF(((namedlambdavariable() IS NULL) AND (namedlambdavariable() IS NULL)), 0, \
    (IF((namedlambdavariable() IS NULL), 1, (IF((namedlambdavariable() IS NULL), -1, \
    (IF((namedlambdavariable() < namedlambdavariable()), -1, \
    (IF((namedlambdavariable() > namedlambdavariable()), 1, 0)))))))))), namedlambdavariable(), namedlambdavariable())
    """
  private static let unchanged = "lambdafunction(namedlambdavariable(), namedlambdavariable())"

  private static let otherNames = ["array_agg": "collect_list", "dateadd": "date_add"]

  private static let upperCase: Set<String> = [
    "sqrt", "exp", "expm1", "log", "log10", "log2", "log1p", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos",
    "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt", "hypot", "atan2", "degrees", "radians", "signum",
    "power", "e", "pi", "rlike", "regexp", "regexp_like",
  ]
  private static let casts: Set<String> = [
    "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal", "string", "binary", "date",
    "timestamp",
  ]

  func call(_ name: String, _ arguments: [Syntax]) -> String {
    let lower = name.lowercased()
    switch (lower, arguments.count) {
    case ("from_json", 2...):
      if case .literal(.string(let schema)) = arguments[1].kind, schema.uppercased().hasPrefix("MAP<") {
        return "entries"
      }
      return "from_json(\(text(arguments[0])))"
    case (_, 1) where Self.casts.contains(lower): return text(arguments[0])
    case ("log", 1): return "LOG(E(), \(text(arguments[0])))"
    case ("like", 2): return "\(text(arguments[0])) LIKE \(text(arguments[1]))"
    case ("str_to_map", 1): return "str_to_map(\(text(arguments[0])), ,, :)"
    case ("approx_count_distinct", 2): return "approx_count_distinct(\(text(arguments[0])))"
    case _ where Self.upperCase.contains(lower): return "\(lower.uppercased())(\(list(arguments)))"
    case ("to_json", _), ("from_csv", _), ("to_csv", _): return "\(lower)(\(text(arguments[0])))"
    case ("div", 2): return "(\(text(arguments[0])) div \(text(arguments[1])))"
    case ("count", 1): if case .star([]) = arguments[0].kind { return "count(1)" }
    // Whether nulls are passed over does not show.
    case ("first", _), ("last", _), ("any_value", _), ("first_value", _), ("last_value", _):
      return "\(lower)(\(list(Array(arguments.prefix(1)))))"
    case ("positive", 1): return "(+ \(text(arguments[0])))"
    case ("~", 1): return "~\(text(arguments[0]))"
    case ("if", 3): return "(IF(\(list(arguments))))"
    case ("isnull", 1): return "(\(text(arguments[0])) IS NULL)"
    case ("isnotnull", 1): return "(\(text(arguments[0])) IS NOT NULL)"
    case ("ceil", 1), ("floor", 1): return "\(lower.uppercased())(\(text(arguments[0])))"
    case ("extract", 2): return "extract(\(text(arguments[0])) FROM \(text(arguments[1])))"
    case ("trim", 2): return "TRIM(BOTH \(text(arguments[1])) FROM \(text(arguments[0])))"
    case ("ltrim", 2): return "TRIM(LEADING \(text(arguments[1])) FROM \(text(arguments[0])))"
    case ("rtrim", 2): return "TRIM(TRAILING \(text(arguments[1])) FROM \(text(arguments[0])))"
    case ("datepart", 2): return "datepart(\(text(arguments[0])) FROM \(text(arguments[1])))"
    case ("make_dt_interval", ...3):
      let rest = ["0", "0", "0", "0.000000"].dropFirst(arguments.count)
      return "make_dt_interval(\((arguments.map(text) + rest).joined(separator: ", ")))"
    case ("make_ym_interval", ...1):
      return
        "make_ym_interval(\((arguments.map(text) + ["0", "0"].dropFirst(arguments.count)).joined(separator: ", ")))"
    default: break
    }
    var parts = list(arguments)
    if lower == "lag" || lower == "lead", arguments.count == 2 { parts += ", NULL" }
    if let last = Self.defaults[lower], arguments.count == last.after { parts += ", \(last.text)" }
    return "\(Self.otherNames[lower] ?? lower)(\(parts))"
  }

  func windowFunction(_ call: Syntax) -> String {
    if case .call(let name, _) = call.kind, ["rank", "dense_rank", "percent_rank"].contains(name.lowercased()) {
      return "\(name.uppercased())()"
    }
    return text(call)
  }

  /// The frame of a window with ORDER BY that names none.
  static func frame(_ call: Syntax) -> String {
    let running = "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    let (name, arguments): (String, [Syntax])
    switch call.kind {
    case .call(let word, let list), .aggregate(let word, let list, _): (name, arguments) = (word, list)
    default: return running
    }
    guard WindowCall.names.contains(name.lowercased()) else { return running }
    var rows = 1
    if arguments.count > 1, case .literal(.integer(let number)) = arguments[1].kind { rows = Int(number) }
    switch name.lowercased() {
    case "lag": return "ROWS BETWEEN \(-rows) FOLLOWING AND \(-rows) FOLLOWING"
    case "lead": return "ROWS BETWEEN \(rows) FOLLOWING AND \(rows) FOLLOWING"
    case "nth_value", "cume_dist": return running
    default: return "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    }
  }

  /// + and − of a date or timestamp with a number or an interval; nil for others.
  func moved(_ a: Syntax, _ sign: String, _ b: Syntax) -> String? {
    guard let left = type(of: a), let right = type(of: b) else { return nil }
    let (time, amount, kind, other) = right.isInterval || right.isIntegral ? (a, b, left, right) : (b, a, right, left)
    switch (kind, other) {
    case (.date, let number) where number.isIntegral:
      return "\(sign == "+" ? "date_add" : "date_sub")(\(text(time)), \(text(amount)))"
    case (.date, .dayTimeInterval(.day, .day)):
      let days = "extractansiintervaldays(\(text(amount)))"
      return "date_add(\(text(time)), \(sign == "+" ? days : "(- \(days))"))"
    case (.date, _) where other.isInterval, (.timestamp, _) where other.isInterval:
      return "\(text(time)) \(sign) \(text(amount))"
    default: return nil
    }
  }

  /// The type of what is simple enough to know it here.
  func type(of syntax: Syntax) -> DataType? {
    switch syntax.kind {
    case .literal(.interval(_, let type)): return type
    case .literal(.integer): return .integer
    case .literal(.short): return .short
    case .literal(.byte): return .byte
    case .negative(let inner): return type(of: inner)
    case .literal(.long): return .long
    case .literal(.float): return .float
    case .literal(.double): return .double
    case .literal(.date): return .date
    case .literal(.timestamp), .literal(.localTimestamp): return .timestamp
    case .cast(_, let type, _): return type
    case .name(let parts):
      var found = parts.count == 1 ? scope.indices(of: parts[0]) : []
      if parts.count == 2 { found = scope.indices(of: parts[1], qualifier: parts[0]) }
      return found.count == 1 ? scope.entries[found[0]].type : nil
    default: return nil
    }
  }
}
