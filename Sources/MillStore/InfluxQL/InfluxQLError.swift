/// What is wrong with a query or a statement, in InfluxDB's words.
struct InfluxQLError: Error {
  var message: String
  init(_ message: String) { self.message = message }
}
