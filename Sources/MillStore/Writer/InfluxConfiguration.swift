import Glibc
import MillBase

/// Where and how ``InfluxWriter`` writes.
public struct InfluxConfiguration: Sendable {
  /// Which write API the server has.
  public enum API: Sendable, Equatable {
    /// InfluxDB 1: `POST /write?db=&rp=`.
    case v1(database: String, retentionPolicy: String? = nil)
    /// InfluxDB 2, 3 and Cloud, VictoriaMetrics: `POST /api/v2/write?org=&bucket=`.
    case v2(organization: String, bucket: String)
  }

  public enum Credential: Sendable {
    case none
    /// `Authorization: Token …`
    case token(String)
    case basic(user: String, password: String)

    /// A token from an environment variable.
    /// - Throws: `.configuration` when it is not set.
    public static func token(environment name: String) throws -> Credential { .token(try secret(environment: name)) }

    /// A token from a file; white space around it does not count.
    /// - Throws: `.notFound`, `.configuration` when the file is empty.
    public static func token(file path: String) throws -> Credential { .token(try secret(file: path)) }

    /// A secret from an environment variable, registered so that it is seen nowhere.
    public static func secret(environment name: String) throws -> String {
      guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else {
        throw MillError(.configuration, "the environment variable \(name) is not set", wayOut: "set it, or name a file")
      }
      Secrets.register(value)
      return value
    }

    /// A secret from a file, registered so that it is seen nowhere.
    public static func secret(file path: String) throws -> String {
      let bytes = try Files.read(path, limit: 64 << 10)
      let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
      let trimmed = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
      guard !trimmed.isEmpty else { throw MillError(.configuration, "the file is empty", at: .init(file: path)) }
      let value = String(decoding: trimmed, as: UTF8.self)
      Secrets.register(value)
      return value
    }
  }

  /// `http://host:8086`, or what stands before `/write`.
  public var url: String
  public var api: API
  public var credential: Credential
  /// Pack bodies. Default true.
  public var packs = true
  /// v1: make the database when the server says that it is missing. Default false.
  public var createsDatabase = false
  /// Lines of one request. Default 5,000.
  public var linesMax = 5_000
  /// Bytes of one request before packing. Default 10 MB.
  public var bytesMax = 10_000_000
  /// The longest pause between two tries is random up to this. Default 60 s.
  public var retryWaitMax = Duration.seconds(60)
  /// The bound of the first pause. Default 500 ms.
  public var retryWaitFirst = Duration.milliseconds(500)
  /// The pause after an answer that a person has to mend (401, 403, 404, …). Default 30 s.
  public var refusedWait = Duration.seconds(30)
  /// For one request. Default 30 s.
  public var timeout = Duration.seconds(30)

  public init(url: String, api: API, credential: Credential = .none) {
    self.url = url
    self.api = api
    self.credential = credential
  }
}
