import MillColumns
import MillDiskSupport
import Testing

@testable import MillQuery

/// What a reader has learned from one document must never change what it makes of the next: damaged documents, read
/// after each other, give what a new reader gives for each.
@Test(arguments: 1...8)
func learningChangesNothing(_ seed: UInt64) throws {
  let originals = [
    #"{"data": [{"ID Nation": "01000US", "Nation": "United States", "ID Year": 2022, "Population": 331097593.5}, {"ID Nation": "x", "Nation": "C\u00f4te d'Ivoire", "ID Year": -7}], "source": [{"measures": ["Population"], "n": null}], "m": {"a": true, "b": false}}"#,
    #"{"m":{"k":"v"},"source":{"measures":[1,2.5e3,"é"]},"data":[{"Nation":"N","ID Nation":12,"extra":{"deep":[[]]}}]}"#,
    #"{ "data" : null , "source" : "text" , "data" : [ { } , null ] }"#,
    #"{"data":[{"Population":16.67,"on":true,"at":"2026-11-24T10:00:00.5Z","n":1},{"Population":-0.5,"on":false,"at":"2026-11-24 10:00:00","n":2},{"Population":1e3,"on":true,"at":"2026-02-30","n":3},{"Population":123456789012345.6,"on":null,"at":"é","n":4},{"Population":-0,"on":"true","at":17,"n":5}]}"#,
    #"{"data":[{"ID Nation":"more than sixteen bytes","Nation":"","ID Year":2147483647,"a name of more than 32 bytes here":1234567890123456,"n":0},{"ID Nation":"more than sixteen bytes","Nation":"","ID Year":2147483641,"a name of more than 32 bytes here":9234567890123456,"n":7},{"ID Nation":"more than sixteen bytes","Nation":"é","ID Year":2147483648,"a name of more than 32 bytes here":12345678,"n":-7},{"ID Nation":"and more than thirty-two bytes of text","Nation":"n","ID Year":12345678,"a name of more than 32 bytes here":02345678,"n":1e3}]}"#,
  ].map { Array($0.utf8) }
  let alphabet = Array("{}[]\",:\\0123456789-+.eE truefalsnuN'/*\n\u{0}é".utf8) + [0xFF, 0x80]
  var dice = SeededRandom(seed)
  var documents: [[UInt8]] = []
  for _ in 0..<400 {
    var document = originals.randomElement(using: &dice)!
    for _ in 0..<Int.random(in: 0...3, using: &dice) {
      let at = Int.random(in: 0..<document.count, using: &dice)
      switch Int.random(in: 0..<4, using: &dice) {
      case 0: document[at] = alphabet.randomElement(using: &dice)!
      case 1: document.insert(alphabet.randomElement(using: &dice)!, at: at)
      case 2: document.remove(at: at)
      default:
        let other = originals.randomElement(using: &dice)!
        let from = Int.random(in: 0..<other.count, using: &dice)
        document.insert(contentsOf: other[from..<min(other.count, from + 20)], at: at)
      }
    }
    documents.append(document)
  }
  let type = DataType.struct(
    Schema([
      .init(
        "data",
        .array(
          .struct(
            Schema([
              .init("ID Nation", .string), .init("Nation", .string), .init("ID Year", .integer),
              .init("Population", .double), .init("a name of more than 32 bytes here", .long), .init("n", .long),
              .init("on", .boolean), .init("at", .timestamp),
            ])))), .init("m", .map(key: .string, value: .string)), .init("source", .string),
    ]))
  let needs: [NeededJSON] = [.all, .columns(["data": .columns(["Nation": .all])])]
  for needed in needs {
    let together = try JSONReader(type, needed: needed).read(Column(.binary, documents.map { .binary($0) }))
    for (row, document) in documents.enumerated() {
      let alone = try JSONReader(type, needed: needed).read(Column(.binary, [.binary(document)]))
      #expect(
        together.column.value(row) == alone.column.value(0), "row \(row): \(String(decoding: document, as: UTF8.self))")
    }
  }
}
