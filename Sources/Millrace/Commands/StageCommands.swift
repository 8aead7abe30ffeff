import Glibc
import MillAgent
import MillBase
import MillCollect
import MillKafka
import MillLog
import MillStore
import MillView

/// Stages that run alone.
extension MillraceCommand {
  static let broker = Command(
    name: "broker", summary: "Serve the built-in log in the Kafka protocol.", usage: "--data DIR [flags]",
    flags: [
      Flag("--data", "DIR", "the log's directory; made when missing; or log.dirs in the file of --config"),
      Flag("--listen", "HOST:PORT", "default 127.0.0.1:9092; or listeners in the file of --config"),
      Flag("--config", "FILE", "a server.properties of Kafka: listener, TLS, SASL users, limits, flushing, retention"),
    ],
    examples: [
      "millrace broker --data /var/lib/millrace/log", "kcat -b localhost:9092 -L", "",
      "Beyond this machine only with passwords over TLS: ALICE_PASSWORD=… millrace broker --config server.properties",
      "  listeners=SASL_SSL://0.0.0.0:9093",
      "  advertised.listeners=SASL_SSL://broker.example.org:9093",
      "  log.dirs=/var/lib/millrace/log",
      "  ssl.keystore.type=PEM",
      "  ssl.keystore.location=/etc/millrace/server.pem      (certificates and private key)",
      "  sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN",
      "  sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\",
      "    user_alice=\"${env:ALICE_PASSWORD}\";",
    ],
    run: { arguments in
      Interruption.prepare()
      var properties = try brokerProperties(arguments["--config"])
      if arguments.has("--listen") { try properties.replaceListen(arguments.address("--listen", default: "")) }
      let directory = try arguments["--data"] ?? properties.dataDirectory ?? arguments.required("--data")
      try properties.requireEnoughSecurity()
      // Producers send requests of a megabyte, fetches answer with as much.
      FreedMemory.keep(blocksUpTo: 4 << 20, total: 8 << 20)
      let log = try LocalLog(directory: directory, options: properties.logOptions)
      let server = try KafkaServer(log: log, listeners: properties.listeners, options: properties.options)
      serve("Kafka protocol on \(server.addresses.map(\.description).joined(separator: ", "))")
      server.stop()
      try log.close()
      return 0
    })

  private static func brokerProperties(_ path: String?) throws -> BrokerProperties {
    let file = path ?? ""
    let text = try path.map { try Files.readText($0, limit: JavaProperties.sizeMax) } ?? ""
    let entries = try JavaProperties(parsing: text, file: file).entries.map {
      BrokerProperties.Entry(key: $0.key, value: $0.value, line: $0.line)
    }
    return try BrokerProperties(entries, file: file) { name in getenv(name).map { String(cString: $0) } }
  }

  static let store = Command(
    name: "store", summary: "Serve the built-in store as the InfluxDB API.", usage: "--data DIR [flags]",
    flags: [
      Flag("--data", "DIR", "the store's directory; made when missing"),
      Flag("--listen", "HOST:PORT", "default 127.0.0.1:8086"),
    ],
    examples: [
      "millrace store --data /var/lib/millrace/store",
      "curl -XPOST 'localhost:8086/write?db=d' --data-binary 'cpu,host=a value=1'",
    ],
    run: { arguments in
      Interruption.prepare()
      let listen = try arguments.address("--listen", default: "127.0.0.1:8086")
      try listen.requireLoopback(of: "the store")
      let engine = try StoreEngine(directory: arguments.required("--data"))
      let server = try StoreServer(engine: engine, listen: listen)
      serve("InfluxDB API on http://\(server.address)")
      server.stop()
      try engine.close()
      return 0
    })

  static let view = Command(
    name: "view", summary: "Draw Grafana dashboards from an InfluxDB.", usage: "DASHBOARD.json… [flags]",
    flags: [
      Flag("--url", "URL", "the InfluxDB server; default http://127.0.0.1:8086"),
      Flag("--database", "NAME", "default millrace"),
      Flag("--alerting", "FILE", "a Grafana alerting file"),
      Flag("--data", "DIR", "where the alerts' state is kept; default: the current directory"),
      Flag("--listen", "HOST:PORT", "default 127.0.0.1:3000"),
    ],
    examples: [
      "millrace view dashboard.json --url http://influxdb:8086 --database case_study",
      "INFLUX_TOKEN=… millrace view dashboard.json   (the token is sent to the server, and shown nowhere)",
    ],
    run: { arguments in
      Interruption.prepare()
      let listen = try arguments.address("--listen", default: "127.0.0.1:3000")
      try listen.requireLoopback(of: "the page")
      let token = environment["INFLUX_TOKEN"]
      let source = DataSource(
        name: "Millrace", uid: "millrace", url: arguments["--url"] ?? "http://127.0.0.1:8086",
        database: arguments["--database"] ?? "millrace", credentials: token.map { .token($0) } ?? .none)
      let dashboards = try arguments.positional.map { try Dashboard.load($0) }
      let alerts = try arguments["--alerting"].map { file in
        AlertEvaluator(
          rules: try AlertRules.load(file), dataSources: [source],
          stateFile: "\(arguments["--data"] ?? ".")/alerts.json", externalURL: "http://\(listen)/")
      }
      let server = try ViewServer(listen: listen, dashboards: dashboards, dataSources: [source], alerts: alerts)
      alerts?.start()
      serve("pages on http://\(server.address)/")
      alerts?.stop()
      server.stop()
      return 0
    })

  static let sampleAPI = Command(
    name: "sample-api", summary: "Answer like DataUSA and RandomUser, from this machine.", usage: "[flags]",
    flags: [
      Flag("--listen", "HOST:PORT", "default 127.0.0.1:8071"),
      Flag("--seed", "N", "of the generated users; default: others after each start"),
      Flag("--vintage-interval", "DURATION", "how long the population figures stay at one vintage; default 10s"),
    ],
    examples: [
      "millrace sample-api", "curl 'localhost:8071/api/data?drilldowns=Nation&measures=Population'",
      "curl 'localhost:8071/api/?results=5'",
    ],
    run: { arguments in
      Interruption.prepare()
      let listen = try arguments.address("--listen", default: "127.0.0.1:8071")
      guard let seed = UInt64(arguments["--seed"] ?? "\(Clock.nowNanoseconds())") else {
        throw MillError(.configuration, "--seed must be a whole number")
      }
      try listen.requireLoopback(of: "the sample API")
      let server = try SampleAPI(
        listen: listen, seed: seed, vintageInterval: arguments.duration("--vintage-interval") ?? .seconds(10))
      serve("sample APIs on http://\(server.address)/")
      server.stop()
      return 0
    })
}
