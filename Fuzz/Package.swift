// swift-tools-version: 6.2
import PackageDescription

// The fuzzer: libFuzzer around the targets of Tests/MillKafkaTests/FuzzTargets (a link leads there, so that the tests
// replay findings with the same code). run.sh builds it, since the rooms have to be instrumented too.

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "millrace", path: "..")],
  targets: [
    .systemLibrary(name: "CFuzzer"),
    .target(
      name: "FuzzTargets", dependencies: [.product(name: "MillKafka", package: "millrace")], swiftSettings: strict),
    .executableTarget(name: "fuzz", dependencies: ["FuzzTargets", "CFuzzer"], swiftSettings: strict),
  ]
)
