/// A record with its destination.
public struct AddressedRecord: Sendable, Equatable {
  public var topic: String
  /// nil = where the producer's partitioner puts it: by the key's hash, else any.
  public var partition: Int32?
  public var record: Record

  public init(topic: String, partition: Int32? = nil, record: Record) {
    self.topic = topic
    self.partition = partition
    self.record = record
  }
}

/// A log that takes records of several topics, in transactions when that is wanted.
public protocol ProducingLog: RecordLog {
  /// - Parameter transactionalID: whoever had it before is fenced, and what it left open is aborted. nil = every record
  ///   counts by itself.
  /// - Throws: what the server says; `.configuration` for client properties that don't allow transactions.
  func producer(transactionalID: String?) throws -> any RecordProducer
}

/// Writes records. Used by one thread at a time; calls block it. After an error of a transaction it is to be closed:
/// a new one with the same transactional id begins anew.
public protocol RecordProducer: AnyObject, Sendable {
  func beginTransaction() throws

  /// Returns when the server has acknowledged all of them.
  func send(_ records: [AddressedRecord]) throws

  /// The records since ``beginTransaction()`` can be read from now on, and the group's offsets are these: both, or, after
  /// an error, both or none.
  func commitTransaction(group: String, _ offsets: [TopicPartition: Int64]) throws

  /// What was sent since ``beginTransaction()`` is never read.
  func abortTransaction() throws

  func close()
}
