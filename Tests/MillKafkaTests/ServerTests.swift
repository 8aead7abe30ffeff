import Glibc
import MillBase
import MillLog
import Testing

@testable import MillKafka

/// A bare socket to the server, for what no proper client would send.
final class RawClient {
  let descriptor: Int32

  init(_ address: Address) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_port = address.port.bigEndian
    inet_pton(AF_INET, address.host, &target.sin_addr)
    let descriptor = descriptor
    try withUnsafePointer(to: &target) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        let pointer = $0
        _ = try System.call("connect", "\(address)") {
          connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    // A server that never answers must not hang the test.
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }

  /// The frame without its length; nil when the server has closed.
  func receive() -> [UInt8]? {
    guard let length = exactly(4) else { return nil }
    return exactly(length.reduce(0) { $0 << 8 | Int($1) })
  }

  private func exactly(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let received = recv(descriptor, &bytes[done], count - done, 0)
      if received <= 0 { return nil }
      done += received
    }
    return bytes
  }

  static func request(_ api: Int16, _ version: Int16, _ correlation: Int32, _ body: [UInt8] = []) -> [UInt8] {
    var frame = ByteWriter()
    frame.append(Int32(10 + body.count))
    frame.append(api)
    frame.append(version)
    frame.append(correlation)
    frame.append(Int16(-1))
    frame.append(contentsOf: body)
    return frame.bytes
  }
}

@Suite struct ServerTests {
  private static let metadataOfAll = RawClient.request(3, 1, 77, [0xFF, 0xFF, 0xFF, 0xFF])

  private func check(_ options: ServerOptions = ServerOptions(), _ body: (Harness, Address) throws -> Void) throws {
    let harness = try Harness(.overTheWire, options: options)
    defer { harness.close() }
    try body(harness, harness.server!.address)
    // Whatever happened, others are served.
    let client = try RawClient(harness.server!.address)
    client.send(Self.metadataOfAll)
    #expect(client.receive()?.prefix(4) == [0, 0, 0, 77])
  }

  /// The connection closes; nothing else happens.
  @Test(arguments: [
    Array("GET / HTTP/1.1\r\n\r\n".utf8), [0, 0, 0, 3, 1, 2, 3], [0xFF, 0xFF, 0xFF, 0xFF],
    RawClient.request(99, 0, 1), RawClient.request(3, 99, 1), RawClient.request(3, 1, 1, [0, 0, 0, 9]),
    RawClient.request(0, 3, 1, [UInt8](repeating: 0xFF, count: 40)),
  ]) func bytesThatAreNoRequestCloseTheConnection(bytes: [UInt8]) throws {
    try check { _, address in
      let client = try RawClient(address)
      client.send(bytes)
      #expect(client.receive() == nil)
    }
  }

  @Test func anUnknownVersionOfApiVersionsIsAnsweredInTheOldestForm() throws {
    try check { _, address in
      let client = try RawClient(address)
      client.send(RawClient.request(18, 77, 5))
      let frame = try #require(client.receive())
      #expect(frame.prefix(4) == [0, 0, 0, 5])
      var reader = MessageReader(frame[4...], version: 0, isFlexible: false)
      let response = try reader.read(ApiVersionsResponse.self)
      #expect(response.errorCode == 35)
      #expect(response.apiKeys.count == API.all.count)
      #expect(reader.remaining == 0)
    }
  }

  @Test func aRequestAboveTheLimitClosesTheConnection() throws {
    var options = ServerOptions()
    options.requestSizeMax = 1000
    try check(options) { _, address in
      let atLimit = try RawClient(address)
      atLimit.send([0, 0, 0x03, 0xE8] + [0, 3, 0, 1, 0, 0, 0, 9, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
      atLimit.send([UInt8](repeating: 0, count: 986))
      #expect(atLimit.receive()?.prefix(4) == [0, 0, 0, 9])
      let above = try RawClient(address)
      above.send([0, 0, 0x03, 0xE9])
      #expect(above.receive() == nil)
    }
  }

  @Test func connectionsAboveTheLimitAreClosed() throws {
    var options = ServerOptions()
    options.connectionsMax = 5
    let harness = try Harness(.overTheWire, options: options)
    defer { harness.close() }
    let address = harness.server!.address
    let clients = try (0..<5).map { _ in try RawClient(address) }
    for client in clients {
      client.send(Self.metadataOfAll)
      #expect(client.receive() != nil)
    }
    let tooMany = try RawClient(address)
    tooMany.send(Self.metadataOfAll)
    #expect(tooMany.receive() == nil)
  }

  @Test func clientsThatStopInTheMiddleHarmNoOther() throws {
    try check { harness, address in
      try harness.local.createTopic("pop", partitions: 1, configuration: [:])
      _ = try harness.local.append(
        (0..<200).map { _ in Record(value: [UInt8](repeating: 1, count: 50_000)) }, to: TopicPartition("pop", 0),
        codec: .none)
      // Half a request; a large answer that nobody takes; several requests at once.
      let half = try RawClient(address)
      half.send([0, 0, 1, 0, 0, 3])
      let deaf = try RawClient(address)
      var fetch = MessageWriter(version: 4, isFlexible: false)
      var request = FetchRequest()
      request.maxBytes = 50 << 20
      var topic = FetchRequest.Topic()
      topic.name = "pop"
      var partition = FetchRequest.Partition()
      partition.maxBytes = 50 << 20
      topic.partitions = [partition]
      request.topics = [topic]
      try fetch.write(request)
      for _ in 0..<5 { deaf.send(RawClient.request(1, 4, 1, fetch.out.bytes)) }
      let eager = try RawClient(address)
      eager.send((0..<100).flatMap { RawClient.request(3, 1, $0, [0xFF, 0xFF, 0xFF, 0xFF]) })
      for number in 0..<100 { #expect(eager.receive()?[3] == UInt8(number)) }
    }
  }

  /// Memory for answers is full of one that nobody takes: that client is closed, and the next one is served.
  @Test func aClientThatDoesNotReadMakesRoomForOthers() throws {
    var options = ServerOptions()
    options.responseMemoryMax = 1 << 20
    options.responseStallMax = .seconds(1)
    try check(options) { harness, address in
      try harness.local.createTopic("pop", partitions: 1, configuration: [:])
      _ = try harness.local.append(
        (0..<400).map { _ in Record(value: [UInt8](repeating: 1, count: 50_000)) }, to: TopicPartition("pop", 0),
        codec: .none)
      var request = FetchRequest()
      request.maxBytes = 50 << 20
      var topic = FetchRequest.Topic()
      topic.name = "pop"
      var partition = FetchRequest.Partition()
      partition.maxBytes = 50 << 20
      topic.partitions = [partition]
      request.topics = [topic]
      var fetch = MessageWriter(version: 4, isFlexible: false)
      try fetch.write(request)
      let frame = RawClient.request(1, 4, 5, fetch.out.bytes)
      let deaf = try RawClient(address)
      deaf.send(frame)
      let other = try RawClient(address)
      other.send(frame)
      #expect(other.receive()?.prefix(4) == [0, 0, 0, 5])
    }
  }

  @Test func eachListenerTellsItsOwnAddress() throws {
    let harness = try Harness(.local)
    defer { harness.close() }
    let users = try SASLUsers(["alice": "alices-password"])
    let server = try KafkaServer(
      log: harness.local,
      listeners: [
        KafkaListener(name: "INSIDE", listen: Address("127.0.0.1:0")),
        KafkaListener(
          name: "OUTSIDE", listen: Address("127.0.0.1:0"), advertised: Address("broker.example.org:0"),
          security: ListenerSecurity(sasl: users)),
      ])
    defer { server.stop() }
    let (inside, outside) = (try RawClient(server.addresses[0]), try RawClient(server.addresses[1]))
    // Only one of them wants to know who it is.
    outside.send(RawClient.request(17, 0, 1, [0, 5] + Array("PLAIN".utf8)))
    #expect(outside.receive()?.prefix(6) == [0, 0, 0, 1, 0, 0])
    let token = Array("\0alice\0alices-password".utf8)
    outside.send([0, 0, 0, UInt8(token.count)] + token)
    #expect(outside.receive() == [])
    for (client, host, address) in [
      (inside, "127.0.0.1", server.addresses[0]), (outside, "broker.example.org", server.addresses[1]),
    ] {
      client.send(Self.metadataOfAll)
      let frame = try #require(client.receive())
      var reader = MessageReader(frame[4...], version: 1, isFlexible: false)
      let broker = try reader.read(MetadataResponse.self).brokers[0]
      #expect(broker.host == host && broker.port == Int32(address.port))
    }
    let taken = server.addresses.map { KafkaListener(name: "\($0.port)", listen: $0) }
    #expect(code { _ = try KafkaServer(log: harness.local, listeners: taken) } == .configuration)
  }

  @Test func addressesBeyondLoopbackAndTakenPortsAreRefused() throws {
    try check { harness, address in
      for host in ["0.0.0.0", "192.0.2.1", "example.org"] {
        #expect(
          code { _ = try KafkaServer(log: harness.local, listen: Address(host: host, port: 0)) } == .configuration)
      }
      #expect(code { _ = try KafkaServer(log: harness.local, listen: address) } == .configuration)
    }
  }

  @Test func aWaitingFetchHoldsUpNobodyAndAppendsWakeIt() throws {
    try check { harness, address in
      try harness.local.createTopic("pop", partitions: 1, configuration: [:])
      var request = FetchRequest()
      request.maxWait = 15_000
      request.minBytes = 1
      var topic = FetchRequest.Topic()
      topic.name = "pop"
      var partition = FetchRequest.Partition()
      partition.maxBytes = 1000
      topic.partitions = [partition]
      request.topics = [topic]
      var fetch = MessageWriter(version: 11, isFlexible: false)
      try fetch.write(request)
      let waiting = try (0..<20).map { _ in try RawClient(address) }
      for client in waiting { client.send(RawClient.request(1, 11, 3, fetch.out.bytes)) }
      let other = try RawClient(address)
      other.send(Self.metadataOfAll)
      #expect(other.receive() != nil)
      _ = try harness.local.append([Record(value: [1])], to: TopicPartition("pop", 0), codec: .none)
      for client in waiting {
        let frame = try #require(client.receive())
        var reader = MessageReader(frame[4...], version: 11, isFlexible: false)
        let response = try reader.read(FetchResponse.self)
        #expect(response.topics[0].partitions[0].records?.isEmpty == false)
        #expect(response.topics[0].partitions[0].highWatermark == 1)
      }
    }
  }
}
