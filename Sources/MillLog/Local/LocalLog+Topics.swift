import MillBase

extension LocalLog {
  /// As Kafka marks the folders of topics that are going.
  static let deletedSuffix = "-delete"
  /// As Kafka marks folders that belong to no topic.
  static let straySuffix = "-stray"

  public func topics() throws -> [TopicDescription] {
    topicsByName.withLock { $0.values.map(Self.describe) }.sorted { $0.name < $1.name }
  }

  public func topic(_ name: String) throws -> TopicDescription? {
    topicsByName.withLock { $0[name].map(Self.describe) }
  }

  private static func describe(_ topic: Topic) -> TopicDescription {
    TopicDescription(
      name: topic.name, partitions: topic.partitions.count, configuration: topic.configuration.overrides)
  }

  public func createTopic(_ name: String, partitions: Int, configuration: [String: String]) throws {
    try changes.withLock { _ in
      try checkTopic(name, partitions: partitions, configuration: configuration)
      let entry = TopicCatalog.Entry(name: name, id: .random(), partitions: partitions, configuration: configuration)
      try store(entry)
    }
    Log.info("log", "topic \(name) created with \(partitions) partitions")
  }

  /// Everything that creating the topic would refuse.
  ///
  /// - Throws: `.topicExists`, `.invalidPartitions`, `.configuration`.
  public func checkTopic(_ name: String, partitions: Int, configuration: [String: String]) throws {
    try TopicName.check(name)
    let existing = topicsByName.withLock { Array($0.keys) }
    if existing.contains(name) {
      throw MillError(.topicExists, "Topic '\(name)' already exists.", at: .init(key: name))
    }
    if Self.ownTopics.contains(name) {
      throw MillError(.configuration, "topic '\(name)' is the log's own", at: .init(key: name))
    }
    if let other = existing.first(where: { TopicName.collides($0, name) }) {
      throw MillError(.configuration, "Topic '\(name)' collides with existing topic: \(other)", at: .init(key: name))
    }
    try checkCount(partitions, of: name)
    _ = try TopicConfiguration(configuration)
  }

  private func checkCount(_ partitions: Int, of name: String) throws {
    let all = topicsByName.withLock { $0.values.reduce(0) { $0 + ($1.name == name ? 0 : $1.partitions.count) } }
    guard partitions >= 1, all + partitions <= Self.partitionsMax else {
      throw MillError(
        .invalidPartitions, "Number of partitions must be larger than 0, and \(Self.partitionsMax) in all at most.",
        at: .init(key: name))
    }
  }

  /// Adds partitions at the end.
  ///
  /// - Throws: `.notFound`, `.invalidPartitions` when there are that many already.
  public func createPartitions(_ name: String, count: Int) throws {
    try changes.withLock { _ in
      guard let topic = topicsByName.withLock({ $0[name] }) else { throw Self.noTopic(name) }
      guard count > topic.partitions.count else {
        throw MillError(
          .invalidPartitions,
          "Topic currently has \(topic.partitions.count) partitions, which is higher than the requested \(count).",
          at: .init(key: name))
      }
      try checkCount(count, of: name)
      let entry = TopicCatalog.Entry(
        name: name, id: topic.id, partitions: count, configuration: topic.configuration.overrides)
      try setStraysAside(name, topic.partitions.count..<count)
      try writeCatalog(replacing: name, by: entry)
      let added = try (topic.partitions.count..<count).map { number in
        let topicPartition = TopicPartition(name, Int32(number))
        return try PartitionLog(
          topicPartition, directory: "\(directory)/\(topicPartition)", configuration: topic.configuration, .none)
      }
      try Files.syncDirectory(directory)
      let grown = Topic(
        name: name, id: topic.id, configuration: topic.configuration, partitions: topic.partitions + added)
      topicsByName.withLock { $0[name] = grown }
    }
  }

  public func deleteTopic(_ name: String) throws {
    try changes.withLock { _ in
      guard let topic = topicsByName.withLock({ $0[name] }) else { throw Self.noTopic(name) }
      // From here on the topic is gone, whatever happens to its files.
      try writeCatalog(replacing: name, by: nil)
      topicsByName.withLock { $0[name] = nil }
      for partition in topic.partitions {
        partition.abandon()
        // A compaction or a flush that is at it sees that, and ends.
        partition.cleaning.withLock { _ in }
        partition.maintenance.withLock { _ in }
        let gone = "\(partition.directory).\(topic.id)\(Self.deletedSuffix)"
        try Files.rename(partition.directory, to: gone)
        try Files.removeTree(gone)
      }
      try offsetStore.forget { $0.topic == name }
      try storeStartOffsets()
      try storeRecoveryPoints()
    }
    Log.info("log", "topic \(name) deleted")
  }

  /// Gives a topic new settings, in force from the next append or check on and on the disk when it returns.
  ///
  /// - Parameter change: gets what is set on the topic itself, returns what is to be.
  /// - Parameter validateOnly: judges, and changes nothing.
  /// - Throws: `.notFound`, `.configuration`, and what `change` throws.
  public func alterTopic(
    _ name: String, validateOnly: Bool = false, _ change: ([String: String]) throws -> [String: String]
  ) throws {
    try changes.withLock { _ in
      guard let topic = topicsByName.withLock({ $0[name] }) else { throw Self.noTopic(name) }
      let overrides = try change(topic.configuration.overrides)
      let configuration = try Self.configuration(overrides, options)
      if validateOnly || overrides == topic.configuration.overrides { return }
      let entry = TopicCatalog.Entry(
        name: name, id: topic.id, partitions: topic.partitions.count, configuration: overrides)
      try writeCatalog(replacing: name, by: entry)
      let changed = Topic(name: name, id: topic.id, configuration: configuration, partitions: topic.partitions)
      topicsByName.withLock { $0[name] = changed }
      for partition in topic.partitions { partition.configure(configuration) }
    }
    Log.info("log", "topic \(name) has new settings")
  }

  /// The settings in force; nil when there is no such topic.
  public func configuration(ofTopic name: String) -> TopicConfiguration? {
    topicsByName.withLock { $0[name]?.configuration }
  }

  /// What holds for a topic that sets nothing itself.
  public var topicDefaults: TopicConfiguration {
    do { return try Self.configuration([:], options) } catch {
      preconditionFailure("checked when the log was opened: \(error)")
    }
  }

  public func topicID(_ name: String) -> TopicID? { topicsByName.withLock { $0[name]?.id } }

  public func topicName(_ id: TopicID) -> String? {
    topicsByName.withLock { $0.values.first { $0.id == id }?.name }
  }

  private static func noTopic(_ name: String) -> MillError {
    MillError(.notFound, "Topic '\(name)' does not exist.", at: .init(key: name))
  }

  /// Folders with a new partition's name: of a topic whose deletion a kill or a power cut broke off, or put there by
  /// somebody. Their records are not the new topic's; as Kafka does, they get another name.
  private func setStraysAside(_ name: String, _ numbers: Range<Int>) throws {
    var isClean = true
    for number in numbers {
      let path = "\(directory)/\(TopicPartition(name, Int32(number)))"
      guard Files.exists(path) else { continue }
      let stray = "\(path).\(TopicID.random())\(Self.straySuffix)"
      try Files.rename(path, to: stray)
      Log.warning("log", "\(path) belonged to no topic: it is \(stray) now, and can be removed")
      isClean = false
    }
    if !isClean { try Files.syncDirectory(directory) }
  }

  /// The catalog first: a folder without a topic is nothing, a topic without a folder gets an empty one.
  private func store(_ entry: TopicCatalog.Entry) throws {
    try setStraysAside(entry.name, 0..<entry.partitions)
    try writeCatalog(replacing: entry.name, by: entry)
    do {
      let topic = try Self.open(entry, directory, options, .none)
      try Files.syncDirectory(directory)
      topicsByName.withLock { $0[entry.name] = topic }
    } catch {
      try writeCatalog(replacing: entry.name, by: nil)
      throw error
    }
  }

  private func writeCatalog(replacing name: String, by entry: TopicCatalog.Entry?) throws {
    var entries = topicsByName.withLock { topics in
      topics.values.map {
        TopicCatalog.Entry(
          name: $0.name, id: $0.id, partitions: $0.partitions.count, configuration: $0.configuration.overrides)
      }
    }
    entries.removeAll { $0.name == name }
    if let entry { entries.append(entry) }
    try TopicCatalog.write(entries, directory)
  }
}

extension MillError.Code {
  /// A topic of this name exists.
  public static let topicExists = Self("topic-exists")
  /// A number of partitions that can't be.
  public static let invalidPartitions = Self("invalid-partitions")
}
