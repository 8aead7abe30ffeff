// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

func room(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let package = Package(
  name: "millrace",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Millrace", targets: ["Millrace"]),
    .library(name: "MillFrame", targets: ["MillFrame"]),
    // For Fuzz/, which builds no more than these.
    .library(name: "MillKafka", targets: ["MillBase", "MillLog", "MillKafka"]),
    .executable(name: "millrace", targets: ["millrace-cli"]),
  ],
  targets: [
    // C libraries from Debian.
    .systemLibrary(name: "CRdKafka"),
    .systemLibrary(name: "CCurl"),
    .systemLibrary(name: "CMicroHTTPD"),
    .systemLibrary(name: "CYaml"),
    .systemLibrary(name: "CSQLite"),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "CSnappy"),
    .systemLibrary(name: "CLz4"),
    .systemLibrary(name: "CZstd"),
    .systemLibrary(name: "COpenSSL"),
    .systemLibrary(name: "CEdit"),
    // A header of the C library.
    .systemLibrary(name: "CMalloc"),
    // An instruction of the processor.
    .systemLibrary(name: "CCRC32C"),

    // What every room stands on: errors, files, HTTP, configuration, logging, metrics.
    room("MillBase", ["CCurl", "CMicroHTTPD", "COpenSSL", "CYaml", "CZlib"]),
    // Schema, Column, ColumnBatch in Arrow's memory layout.
    room("MillColumns", ["MillBase"]),
    // REST APIs → whole files in a spool directory.
    room("MillCollect", ["MillBase"]),
    // The durable log: records, segments, partitions, topics, consumer offsets.
    room("MillLog", ["MillBase", "CCRC32C", "CZlib", "CSnappy", "CLz4", "CZstd"]),
    // The Kafka protocol: codec, server over MillLog, client over librdkafka.
    room("MillKafka", ["MillBase", "MillLog", "CRdKafka", "COpenSSL"]),
    // Rolling archive files on a local directory or HDFS.
    room("MillArchive", ["MillBase", "CZlib"]),
    // Flume's .conf files: sources → channels → sinks.
    room("MillAgent", ["MillBase", "MillLog", "MillArchive"]),
    // Spark SQL over streams of columns.
    room("MillQuery", ["MillBase", "MillColumns", "MillLog", "MillArchive"]),
    // Line protocol, writers for real InfluxDB servers, the built-in store and its InfluxDB API.
    room("MillStore", ["MillBase", "MillColumns", "MillLog", "CSQLite"]),
    // Grafana dashboards and alert rules, drawn and evaluated.
    // The page's files are compiled into the executable: nothing is installed beside it.
    room("MillView", ["MillBase"], resources: [.embedInCode("Page/Assets")]),
    // Spark's DataFrame API in Swift, over MillQuery.
    room("MillFrame", ["MillBase", "MillColumns", "MillLog", "MillKafka", "MillArchive", "MillQuery", "MillStore"]),
    // The public library: a pipeline, its YAML, wiring, supervision.
    room(
      "Millrace",
      [
        "MillBase", "MillColumns", "MillCollect", "MillLog", "MillKafka", "MillArchive", "MillAgent", "MillQuery",
        "MillStore", "MillView", "CMalloc", "CEdit",
      ]),
    // The command line.
    .executableTarget(
      name: "millrace-cli", dependencies: ["Millrace"], swiftSettings: strict),
    // Answers for `make differential`.
    .executableTarget(
      name: "differential-answers", dependencies: ["MillBase", "MillColumns", "MillQuery"],
      path: "Tests/Differential/Answers", swiftSettings: strict),
    // What a power cut leaves of the files that a test has written.
    .target(name: "MillDiskSupport", dependencies: ["MillBase"], path: "Tests/DiskSupport", swiftSettings: strict),
    tests("MillBaseTests", ["MillBase"]),
    tests("MillColumnsTests", ["MillColumns"]),
    tests("MillCollectTests", ["MillCollect"]),
    tests("MillLogTests", ["MillLog", "MillDiskSupport"]),
    tests("MillKafkaTests", ["MillKafka", "CRdKafka", "MillDiskSupport"]),
    tests("MillArchiveTests", ["MillBase", "MillArchive"]),
    tests("MillAgentTests", ["MillBase", "MillLog", "MillArchive", "MillAgent"]),
    tests("MillQueryTests", ["MillQuery", "MillDiskSupport"]),
    tests("MillFrameTests", ["MillFrame", "MillKafka", "MillStore"]),
    tests("MillStoreTests", ["MillStore"]),
    tests("MillViewTests", ["MillView", "MillStore"]),
    tests("MillraceTests", ["Millrace", "MillBase", "MillQuery"]),
    // Start the real executable, with real clients and servers around it.
    tests("EndToEndTests", ["MillBase", "MillLog", "MillStore", "millrace-cli"], exclude: ["Scripts"]),
  ]
)
