import MillBase

/// What libFuzzer (Fuzz/) feeds with bytes, and what the tests replay its findings with.
public protocol FuzzTarget: AnyObject, SendableMetatype {
  static var name: String { get }

  init() throws

  /// - Throws: ``FuzzFinding`` when the bytes show something wrong; a trap is a finding too.
  func run(_ input: [UInt8]) throws

  /// Where fuzzing begins: inputs from our own encoders, which reach far.
  static func seeds() throws -> [[UInt8]]
}

/// The targets by their names.
public enum FuzzTargets {
  private static let all: [any FuzzTarget.Type] = [
    CodecTarget.self, ListenerTarget.self, BatchTarget.self, TextTarget.self,
  ]
  public static let names = all.map { $0.name }

  private static func type(_ name: String) throws -> any FuzzTarget.Type {
    guard let type = all.first(where: { $0.name == name }) else {
      throw MillError(
        .configuration, "there is no target '\(name)'", wayOut: "name one of \(names.joined(separator: ", "))")
    }
    return type
  }

  public static func make(_ name: String) throws -> any FuzzTarget { try type(name).init() }

  public static func seeds(of name: String) throws -> [[UInt8]] { try type(name).seeds() }
}

/// Something that must not be.
public struct FuzzFinding: Error, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }

  static func require(_ condition: Bool, _ description: @autoclosure () -> String) throws {
    if !condition { throw FuzzFinding(description()) }
  }
}

/// The log output of a broker that is asked nonsense would be longer than anything.
public func muteLog() { Log.setDescriptor(-1) }
