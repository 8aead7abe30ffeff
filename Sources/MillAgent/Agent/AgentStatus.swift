import MillBase

/// What an agent is doing: each component with its counters.
public struct AgentStatus: Sendable {
  public enum State: String, Sendable { case starting, running, failed, stopped }

  public struct Component: Sendable {
    /// `SOURCE`, `CHANNEL` or `SINK`.
    public var kind: String
    public var name: String
    /// A sink that writes files: Flume's hdfs.
    public var isArchive = false
    public var state: State
    /// Why it failed.
    public var problem: String?
    /// By Flume's monitoring names, sorted; a channel also has ChannelSize and ChannelCapacity.
    public var counters: [(name: String, value: Int)]
    /// Milliseconds since 1970.
    public var startTime: Int64

    public func counter(_ name: String) -> Int { counters.first { $0.name == name }?.value ?? 0 }
  }

  public var agent: String
  public var components: [Component]

  public func component(_ name: String) -> Component? { components.first { $0.name == name } }

  /// Flume's `/metrics` document: `{"SOURCE.r1": {"EventReceivedCount": "5", …}}`, all values strings.
  public func flumeMetrics() -> JSONValue {
    .object(
      JSONValue.Object(
        components.map { component in
          var object: JSONValue.Object = [
            "Type": .string(component.kind), "StartTime": .string(String(component.startTime)), "StopTime": "0",
          ]
          for (name, value) in component.counters { object[name] = .string(String(value)) }
          if component.kind == "CHANNEL", component.counter("ChannelCapacity") > 0 {
            let percent = Double(component.counter("ChannelSize")) * 100 / Double(component.counter("ChannelCapacity"))
            object["ChannelFillPercentage"] = .string("\(percent)")
          }
          return ("\(component.kind).\(component.name)", .object(object))
        }))
  }
}
