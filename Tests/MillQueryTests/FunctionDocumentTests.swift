import MillBase
import Testing

@testable import MillQuery

/// docs/functions.md and the library list the same names.
@Suite struct FunctionDocumentTests {
  private func documented() throws -> [String] {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let text = try Files.readText(root + "/docs/functions.md").replacing("\\|", with: "¦")
    return text.split(separator: "\n").filter { $0.hasPrefix("| `") }.flatMap { line in
      line.split(separator: "|")[0].split(separator: "`").filter { $0.contains("(") }.map { call in
        String(call.prefix { $0 != "(" }).replacing("¦", with: "|")
      }
    }
  }

  @Test func everyFunctionHasItsRow() throws {
    let names = try documented()
    let known = Set(FunctionLibrary.all.keys).union([
      "struct", "from_json", "grouping", "grouping_id", "to_json", "from_csv", "to_csv", "schema_of_csv", "window",
    ])
    .union(LambdaLibrary.all.keys).union(AggregateLibrary.names).union(FunctionLibrary.generators)
    .union(WindowCall.names).subtracting(["|"])
    #expect(known.subtracting(names).sorted() == [], "in the library, not in docs/functions.md")
    #expect(Set(names).subtracting(known).sorted() == [], "in docs/functions.md, not in the library")
    #expect(names.count == Set(names).count, "a name has two rows")
  }
}
