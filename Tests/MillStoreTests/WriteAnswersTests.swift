import MillBase
import MillStore
import Testing

/// What `/write` says to bad input: InfluxDB 1.6.7 and the built-in store must say the same.
@Suite(.enabled(if: RealInflux.isInstalled)) struct WriteAnswersTests {
  /// Each in a database of its own.
  @Test(arguments: [
    "m", "m f=", "m f=abc", "m f=\"abc", "m f=1 12x", "m,t= f=1", ",t=a f=1", "m f=99999999999999999999i", "m f=NaN",
    "population_data Population=None", "m,a=1,a=2 f=1", "part a=1 1\npart a= 2\npart a=3 3",
    "tc a=1 1\ntc a=\"s\" 2\ntc a=3 3",
    "crlf f=1 1\r\ncrlf f=2 2\r\n", "", "\n# comment\n\n", "m f=1 1\nm f", "m f=1 1\nm f\nm g=\nm f=\"s\" 2",
    "m,time=x f=1 1",
    "m time=1,f=2 1", "m f=1,f=2 1", "m f=1 99999999999999999999", "m f=1 9223372036854775807",
    "m f=1,g 1", "m =1",
    "m f=1 1 1", "m,t=a=b f=1", "m,t f=1", "m, f=1", "m f=1.2.3", "m f=1i2", "m f=1e999", "m f=<&>\"x",
    "mé,tü=ö f=\"ß\" 1",
    "m f=1,", "m ,f=1", "m f=1,,g=2", "m f==1", "m f=tru", "m f=1 -", "m,a=1,b f=1", "m,=x f=1", "m f=\"a\nb\" 1",
    "m\\ f=1 1", "m,t=\\ f=1 1",
  ])
  func lines(_ body: String) throws {
    let real = InfluxAPI(try RealInflux.shared.get().url)
    let served = try ServedStore()
    let own = InfluxAPI(served.url)
    let database = "w\(UInt64.random(in: 0..<(.max)))"
    for store in [real, own] {
      _ = try store.send("POST", "/query?q=CREATE%20DATABASE%20\(database)")
    }
    // The first write into a new shard of InfluxDB answers type conflicts otherwise.
    for store in [real, own] { _ = try store.write("before warm=1 1", database: database) }
    let realAnswer = try real.write(body, database: database)
    let ownAnswer = try own.write(body, database: database)
    #expect(ownAnswer.text == realAnswer.text)
    #expect(ownAnswer.status == realAnswer.status)
    #expect(ownAnswer.headers["X-Influxdb-Error"] == realAnswer.headers["X-Influxdb-Error"])
    let query = "SELECT * FROM /./; SHOW FIELD KEYS; SHOW SERIES"
    #expect(try own.query(query, database: database).text == real.query(query, database: database).text)
    _ = try real.send("POST", "/query?q=DROP%20DATABASE%20\(database)")
    withExtendedLifetime(served) {}
  }

  @Test(arguments: [
    ("POST", "/write", "m f=1"), ("POST", "/write?db=", "m f=1"), ("POST", "/write?db=w&consistency=foo", "m f=1 1"),
    ("POST", "/write?db=w&rp=nope", "m f=1"), ("POST", "/write?db=w&precision=fortnight", "m f=1 1"),
    ("POST", "/write?db=nodb", "m f=1"),
    ("GET", "/write?db=w", ""), ("GET", "/nope", ""), ("GET", "/query?db=w", ""),
    ("GET", "/query?q=SELECT%20f%20FROM%20m", ""),
    ("GET", "/query?db=nodb&q=SELECT%20f%20FROM%20m", ""), ("GET", "/query?q=CREATE%20DATABASE%20w", ""),
    ("GET", "/ping", ""),
    ("POST", "/query?q=CREATE%20DATABASE%20w", ""), ("POST", "/query?db=w&q=DROP%20SERIES%20FROM%20m", ""),
    ("POST", "/query?db=w&q=DELETE%20WHERE%20time%20%3C%205", ""),
    ("POST", "/query?db=w&q=ALTER%20RETENTION%20POLICY%20x%20ON%20w%20DURATION%201h", ""),
  ])
  func requests(method: String, path: String, body: String) throws {
    let real = InfluxAPI(try RealInflux.shared.get().url)
    var options = StoreEngine.Options()
    options.createsDatabases = false
    let served = try ServedStore(options: options)
    let own = InfluxAPI(served.url)
    for store in [real, own] { _ = try store.send("POST", "/query?q=CREATE%20DATABASE%20w") }
    let realAnswer = try real.send(method, path, body: body)
    let ownAnswer = try own.send(method, path, body: body)
    #expect(ownAnswer.text == realAnswer.text)
    #expect(ownAnswer.status == realAnswer.status)
    withExtendedLifetime(served) {}
  }

  @Test func postedForms() throws {
    let served = try ServedStore()
    let form = "db=w&q=SHOW+DATABASES%3B+SHOW+MEASUREMENTS"
    let headers: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded"]
    let real = InfluxAPI(try RealInflux.shared.get().url)
    for path in ["/query", "/query?epoch=ms"] {
      let own = try InfluxAPI(served.url).send("POST", path, headers: headers, body: form)
      #expect(own.status == 200)
      #expect(try real.send("POST", path, headers: headers, body: form).status == 200)
      #expect(
        own.text
          == #"{"results":[{"statement_id":0,"series":[{"name":"databases","columns":["name"]}]},{"statement_id":1,"error":"database not found: w"}]}"#
          + "\n")
    }
    withExtendedLifetime(served) {}
  }
}
