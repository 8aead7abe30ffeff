import MillBase

/// A table of columns, as Grafana's data sources return it: a time series is a frame with a time and a value column.
public struct DataFrame: Sendable {
  public struct Field: Sendable {
    public enum Values: Sendable, Equatable {
      /// Milliseconds since 1970.
      case times([Int64?])
      case numbers([Double?])
      case strings([String?])
      case booleans([Bool?])
    }
    public var name: String
    /// The series' tags, sorted by name.
    public var labels: [(key: String, value: String)]
    /// What the data source would show; from the alias when there is one.
    public var displayName: String?
    public var values: Values

    public init(
      _ name: String, _ values: Values, labels: [(key: String, value: String)] = [], displayName: String? = nil
    ) {
      self.name = name
      self.values = values
      self.labels = labels
      self.displayName = displayName
    }

    public var count: Int {
      switch values {
      case .times(let list): list.count
      case .numbers(let list): list.count
      case .strings(let list): list.count
      case .booleans(let list): list.count
      }
    }
  }

  public var name: String
  public var refId: String
  public var executedQuery: String
  public var fields: [Field]

  public init(name: String, refId: String = "A", executedQuery: String = "", fields: [Field]) {
    self.name = name
    self.refId = refId
    self.executedQuery = executedQuery
    self.fields = fields
  }

  /// The shape of `POST /api/ds/query`: schema and columns of values.
  public var json: JSONValue {
    let schema = fields.map { field -> JSONValue in
      var object: JSONValue.Object = ["name": .string(field.name), "type": .string(field.kind)]
      if !field.labels.isEmpty { object["labels"] = .object(.init(field.labels.map { ($0.key, .string($0.value)) })) }
      if let name = field.displayName { object["config"] = ["displayNameFromDS": .string(name)] }
      return .object(object)
    }
    return [
      "schema": [
        "name": .string(name), "refId": .string(refId), "meta": ["executedQueryString": .string(executedQuery)],
        "fields": .array(schema),
      ],
      "data": ["values": .array(fields.map(\.valuesJSON))],
    ]
  }
}

extension DataFrame.Field {
  /// Grafana's name of the column's type.
  var kind: String {
    switch values {
    case .times: "time"
    case .numbers: "number"
    case .strings: "string"
    case .booleans: "boolean"
    }
  }

  var valuesJSON: JSONValue {
    switch values {
    case .times(let list): .array(list.map { $0.map { .integer($0) } ?? .null })
    case .numbers(let list): .array(list.map { $0.map { .double($0) } ?? .null })
    case .strings(let list): .array(list.map { $0.map { .string($0) } ?? .null })
    case .booleans(let list): .array(list.map { $0.map { .bool($0) } ?? .null })
    }
  }
}
