import MillBase

/// The source types that can be run, and their settings. A new one is a line in each list here.
enum SourceSettings: Sendable {
  case spoolDirectory(SpoolDirectorySettings)
  case kafka(KafkaSourceSettings)

  static let specs = [SpoolDirectorySettings.spec, KafkaSourceSettings.spec]

  init(_ reader: inout SettingsReader) {
    self =
      reader.spec.type == SpoolDirectorySettings.spec.type
      ? .spoolDirectory(SpoolDirectorySettings(&reader)) : .kafka(KafkaSourceSettings(&reader))
  }

  /// Events in one put.
  var batchSize: Int {
    switch self {
    case .spoolDirectory(let settings): settings.batchSize
    case .kafka(let settings): settings.batchSize
    }
  }

  var backoffLongest: Duration {
    switch self {
    case .spoolDirectory(let settings): settings.backoffLongest
    case .kafka(let settings): settings.backoffLongest
    }
  }
}

/// The sink types that can be run, and their settings.
enum SinkSettings: Sendable {
  case kafka(KafkaSinkSettings)
  case hdfs(HDFSSinkSettings)
  case simple(SimpleSinkSettings)

  static let specs = [
    KafkaSinkSettings.spec, HDFSSinkSettings.spec, SimpleSinkSettings.nullSpec, SimpleSinkSettings.loggerSpec,
  ]

  init(_ reader: inout SettingsReader) {
    switch reader.spec.type {
    case KafkaSinkSettings.spec.type: self = .kafka(KafkaSinkSettings(&reader))
    case HDFSSinkSettings.spec.type: self = .hdfs(HDFSSinkSettings(&reader))
    case SimpleSinkSettings.nullSpec.type: self = .simple(SimpleSinkSettings(null: &reader))
    default: self = .simple(SimpleSinkSettings(logger: &reader))
    }
  }

  var batchSize: Int {
    switch self {
    case .kafka(let settings): settings.batchSize
    case .hdfs(let settings): settings.batchSize
    case .simple(let settings): settings.batchSize
    }
  }
}

enum ChannelSettings {
  static let specs = [MemoryChannelSettings.spec]
}

/// Flume's own types that can't be run here: named in the error, so that the reader knows that the name is right.
enum KnownTypes {
  static let unsupported: [ComponentKind: [String]] = [
    .source: [
      "avro", "thrift", "exec", "jms", "TAILDIR", "seq", "netcat", "netcatudp", "syslogtcp", "multiport_syslogtcp",
      "syslogudp", "http", "legacy", "stress", "scribe",
    ],
    .channel: ["file", "jdbc", "SPILLABLEMEMORY", "org.apache.flume.channel.kafka.KafkaChannel"],
    .sink: [
      "avro", "thrift", "irc", "hbase", "hbase2", "asynchbase", "hive", "http", "morphline_solr", "elasticsearch",
      "file_roll",
    ],
  ]
}
