import MillBase

/// Turns a file into event bodies, from a position on.
protocol EventDeserializer: AnyObject {
  /// The next body, or nil at the end of the file.
  /// - Throws: `.badInput` naming file and position when the policy for undecodable bytes is FAIL.
  func next() throws -> [UInt8]?
  /// Where reading goes on after the bodies returned so far.
  var position: Int64 { get }
}

/// Which deserializer, and its settings (Flume user guide, Event Deserializers).
struct DeserializerSettings: Sendable {
  enum Form: Sendable {
    case line(lengthMax: Int)
    case blob(lengthMax: Int)
  }
  enum ErrorPolicy: String, CaseIterable, Sendable {
    case fail = "FAIL"
    case replace = "REPLACE"
    case ignore = "IGNORE"
  }

  var form: Form
  var charset: Charset
  var errorPolicy: ErrorPolicy

  static let blobBuilder = "org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder"
  private static let lineNames = ["line", "org.apache.flume.serialization.linedeserializer$builder"]

  init(_ reader: inout SettingsReader) {
    charset = reader.choice("inputCharset", Charset.self)
    errorPolicy = reader.choice("decodeErrorPolicy", ErrorPolicy.self)
    let name = reader.string("deserializer")!
    let lineMax = reader.integer("deserializer.maxLineLength", in: 1...Int.max)
    let blobMax = reader.integer("deserializer.maxBlobLength", in: 1...Int.max)
    if name == Self.blobBuilder {
      form = .blob(lengthMax: blobMax)
    } else {
      form = .line(lengthMax: lineMax)
      if !Self.lineNames.contains(name.lowercased()) {
        reader.error(
          "deserializer", "the deserializer '\(name)' is not supported", wayOut: "write LINE or \(Self.blobBuilder)")
      }
    }
    let output = reader.string("deserializer.outputCharset")!
    if output.uppercased() != "UTF-8" {
      reader.error(
        "deserializer.outputCharset", "'\(output)' is not supported", wayOut: "write UTF-8 or remove the key")
    }
  }

  func open(_ file: File, named name: String, at position: Int64) throws -> any EventDeserializer {
    switch form {
    case .line(let lengthMax):
      try LineDeserializer(
        file: file, name: name, position: position, lengthMax: lengthMax, charset: charset, errorPolicy: errorPolicy)
    case .blob(let lengthMax):
      BlobDeserializer(file: file, name: name, position: position, lengthMax: lengthMax)
    }
  }
}
