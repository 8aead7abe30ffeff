import MillBase
import MillStore
import Testing

/// The same points and the same questions, asked real InfluxDB 1.6.7 and the built-in store: the answers must be the
/// same, byte for byte.
@Suite(.enabled(if: RealInflux.isInstalled)) struct DifferentialTests {
  static let points = """
    cpu,host=a,region=eu usage=1.5,idle=90i,ok=true,label="x" 0
    cpu,host=a,region=eu usage=2.5,idle=80i 10
    cpu,host=a,region=eu usage=4,label="y" 20
    cpu,host=b,region=us usage=10,idle=50i,ok=false 5
    cpu,host=b,region=us usage=30,idle=40i 15
    cpu,host=b,region=us idle=30i 35
    cpu,host=c usage=7 60
    mem,host=a free=100i 0
    mem,host=b free=200i 30
    typ s="a",b=true,i=1i,f=1.5 0
    typ s="b",b=false,i=5i,f=2.5 10
    typ s="b",b=false,i=7i 20
    edge\\ case,t\\,ag=a\\ b,quo"te=v\\=1 fi\\ eld="say \\"hi\\" \\\\ <&>",n=1e300,tiny=0.00000012 1
    edge\\ case,t\\,ag=ü fi\\ eld="é世",n=-0.5,big=123456789012345680000 2
    pop,nation=United\\ States Population=331097593i,Year="2022" 1640995200
    pop,nation=United\\ States Population=333287557i,Year="2023" 1672531200
    pop,nation=Canada Population=38000000i,Year="2022" 1640995200
    pop,nation=Canada Population=39000000i,Year="2023" 1672531200
    zones v=1 1616889600
    zones v=2 1616893200
    zones v=3 1616976000
    zones v=4 1635638400
    zones v=5 1635642000
    zones v=6 1635724800
    dup,k=1 a=1,b=2 100
    """
  static let second = "dup,k=1 b=3,c=4 100\n"

  /// Both stores with the points in them, made once.
  static let stores = Result { () -> (real: InfluxAPI, own: InfluxAPI, keep: ServedStore) in
    let real = InfluxAPI(try RealInflux.shared.get().url)
    let served = try ServedStore()
    let own = InfluxAPI(served.url)
    for store in [real, own] {
      _ = try store.query("CREATE DATABASE t", method: "POST")
      for lines in [points, second] {
        let answer = try store.write(lines)
        guard answer.status == 204 else { throw MillError(.refused, answer.text) }
      }
    }
    return (real, own, served)
  }

  @Test(arguments: rawQueries + aggregateQueries + windowQueries + transformQueries + subQueries)
  func select(query: String) throws { try compare(query) }

  @Test(arguments: showQueries) func show(query: String) throws { try compare(query) }

  @Test(arguments: wrongQueries) func wrong(query: String) throws { try compare(query) }

  @Test(arguments: ["ns", "u", "ms", "s", "m", "h", "nonsense"]) func epoch(unit: String) throws {
    try compare("SELECT * FROM pop", more: [("epoch", unit)])
  }

  @Test(arguments: [
    [("chunked", "true"), ("chunk_size", "2")], [("chunked", "true")], [("pretty", "true")],
    [("params", #"{"n":"Canada","from":1650000000000000000}"#)], [("rp", "autogen")],
  ])
  func parameters(more: [(String, String)]) throws {
    let filter = more[0].0 == "params" ? "WHERE nation = $n AND time > $from" : ""
    try compare("SELECT Population FROM pop \(filter) GROUP BY nation; SELECT v FROM zones", more: more)
  }

  @Test(arguments: [
    "SELECT * FROM cpu", "SELECT usage FROM cpu GROUP BY host, region", "SELECT * FROM \"edge case\"",
    "SHOW TAG VALUES WITH KEY = host", "SHOW SERIES", "SELECT f FROM typ; SELECT f FROM typ; SELECT usage FROM cpu",
    "SELECT nosuch FROM cpu", "SELECT",
  ])
  func csv(query: String) throws { try compare(query, accept: "application/csv") }

  private func compare(
    _ query: String, more: [(String, String)] = [], accept: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let stores = try Self.stores.get()
    let more = more.map { (name: $0.0, value: $0.1) }
    let real = try stores.real.query(query, more: more, accept: accept)
    let own = try stores.own.query(query, more: more, accept: accept)
    #expect(own.text == real.text, "\(query)", sourceLocation: sourceLocation)
    #expect(own.status == real.status, "\(query)", sourceLocation: sourceLocation)
    #expect(
      own.headers["Content-Type"] == real.headers["Content-Type"], "\(query)", sourceLocation: sourceLocation)
  }
}
