import MillBase
import MillColumns

/// The columns that names can mean at one place of a query.
struct Scope {
  struct Entry {
    /// View, alias or lateral view, as written; nil for columns without one.
    var qualifier: String?
    var name: String
    var type: DataType
    /// The right side's column of JOIN … USING: only there with its qualifier.
    var isHidden = false
    /// The column that window(…) makes: there by its name, but not part of `*`.
    var isWindow = false
  }
  var entries: [Entry]
  /// The variables of the lambdas around, by lower-case name; they come before columns.
  var variables: [String: (number: Int, type: DataType)] = [:]
  /// What window(…) means here.
  var window: TimeWindow?

  init(_ schema: Schema, qualifier: String?) {
    entries = schema.columns.map { Entry(qualifier: qualifier, name: $0.name, type: $0.type) }
  }

  var names: [String] { entries.map(\.name) }

  /// Columns that the name may mean, upper and lower case being equal (spark.sql.caseSensitive = false).
  func indices(of name: String, qualifier: String? = nil) -> [Int] {
    entries.indices.filter { index in
      entries[index].name.lowercased() == name.lowercased() && (qualifier != nil || !entries[index].isHidden)
        && (qualifier == nil || entries[index].qualifier?.lowercased() == qualifier!.lowercased())
    }
  }

  /// What `*` means.
  var visible: [Int] { entries.indices.filter { !entries[$0].isHidden && !entries[$0].isWindow } }

  func indices(qualifier: String) -> [Int] {
    entries.indices.filter { entries[$0].qualifier?.lowercased() == qualifier.lowercased() }
  }
}
