import MillBase
import MillQuery

/// A pipeline: what runs where. Read from `pipeline.yaml`, the only file of Millrace's own; everything else is in
/// files of the systems themselves (Flume, Spark SQL, Grafana), which it names.
///
/// Paths of files that the user wrote are relative to the pipeline's directory; paths of data that the chain writes
/// are relative to the data directory.
public struct PipelineConfiguration: Sendable {
  public struct Source: Sendable {
    public var name: String
    public var url: String
    public var spool: String
    public var interval: Duration = .seconds(1)
    public var timeout: Duration = .seconds(30)
    public var headers: [(name: String, value: String)] = []
    public var onlyWhenChanged = false
    /// Key path of the part that is compared; empty = the whole document.
    public var changedPart = ""
    public var documentBytesMax = 64 << 20
    public var spoolBytesMax = 1 << 30
    public var spoolFilesMax = 100_000
  }

  public struct SampleAPI: Sendable {
    public var listen: Address
    /// Other users after each start, unless it is set.
    public var seed = UInt64(Clock.nowNanoseconds())
    /// How long DataUSA's figures stay at one vintage.
    public var vintageInterval: Duration = .seconds(10)
  }

  public struct Log: Sendable {
    public struct Topic: Sendable {
      public var name: String
      public var partitions = 1
      public var configuration: [String: String] = [:]
    }
    /// Where the built-in log serves the Kafka protocol; nil with `servers`.
    public var listen: Address?
    /// A real Kafka's bootstrap servers.
    public var servers: String?
    public var properties: [String: String] = [:]
    public var topics: [Topic] = []
    public var deadLetterTopic = "dead-letters"
  }

  public struct Agent: Sendable {
    public var file: String
    public var name: String
  }

  public struct Archive: Sendable {
    /// Directory that paths without a scheme are below; relative to the data directory.
    public var root = "archive"
    /// `http://namenode:9870[,http://other:9870]`: paths without a scheme go to this HDFS instead.
    public var webhdfs: String?
    public var user: String?
  }

  public struct Query: Sendable {
    public var name: String
    public var file: String
    public var line: Int
    /// Spark's writeStream format: influxdb, kafka, json, csv, text or console.
    public var format = "influxdb"
    /// Of the format: Spark's options, `path` and `topic` among them.
    public var sinkOptions: [String: String] = [:]
    /// Columns that become directories, of files.
    public var partitionBy: [String] = []
    public var trigger = "0 seconds"
    /// append, update or complete.
    public var outputMode = OutputMode.append
    /// Bytes of state in memory; nil = the default.
    public var stateMemory: Int?
    public var checkpoint: String
    public var measurement = ""
    public var tags: [String] = []
    public var fields: [String]?
    public var time: String?
    public var identity: [String] = []
    /// Most records of a topic in a micro-batch, where the view's OPTIONS do not say it.
    public var maxOffsetsPerTrigger: Int?
    public var ansi = true
  }

  public struct Store: Sendable {
    /// Where the built-in store serves the InfluxDB API; nil with `url`.
    public var listen: Address?
    /// A real server's address.
    public var url: String?
    /// Database (InfluxDB 1) or bucket (2, 3, Cloud).
    public var database = "millrace"
    /// 1: `/write?db=`; 2: `/api/v2/write?bucket=`.
    public var version = 1
    public var organization: String?
    public var token: String?
    public var user: String?
    public var password: String?
  }

  public struct View: Sendable {
    public var listen: Address
    public var dashboards: [String] = []
    public var alerting: [String] = []
  }

  public var directory: String
  public var file: String
  public var name: String
  public var data: String
  public var sources: [Source] = []
  public var sampleAPI: SampleAPI?
  public var log = Log()
  public var agents: [Agent] = []
  public var archive = Archive()
  public var queries: [Query] = []
  public var store: Store?
  public var view: View?

  func file(_ path: String) -> String { Files.resolve(path, in: directory) }
  func dataPath(_ path: String) -> String { Files.resolve(path, in: data) }
}
