import MillBase

/// `/write` and `/api/v2/write`.
struct WriteRoute {
  let engine: StoreEngine

  // MARK: InfluxDB 1

  func answerV1(_ request: HTTPRequest) -> HTTPResponse {
    guard let database = request.parameter("db"), !database.isEmpty else {
      return InfluxErrors.v1(400, "database is required")
    }
    if let consistency = request.parameter("consistency"), !consistency.isEmpty,
      !["any", "one", "quorum", "all"].contains(consistency)
    {
      return InfluxErrors.v1(400, "invalid consistency level")
    }
    if request.body.count > StoreServer.writeBodyMax { return InfluxErrors.v1(413, "Request Entity Too Large") }
    if let policy = request.parameter("rp"), !policy.isEmpty, policy != "autogen" {
      return InfluxErrors.v1(500, "retention policy not found: \(policy)")
    }
    // An unknown precision means nanoseconds, as in InfluxDB 1.6.
    let precision = request.parameter("precision").flatMap { TimestampPrecision(name: $0) } ?? .nanoseconds
    do {
      let result = try engine.write(request.body, to: database, precision: precision)
      if let message = Self.message(result) { return InfluxErrors.v1(400, message) }
      return HTTPResponse(status: 204, headers: ["Content-Type": "application/json"])
    } catch let error as MillError {
      return InfluxErrors.v1(Self.status(error), error.description)
    } catch {
      return InfluxErrors.v1(500, "\(error)")
    }
  }

  /// InfluxDB's message when not all lines became points: what was dropped, else what could not be parsed.
  static func message(_ result: StoreEngine.WriteResult) -> String? {
    if let first = result.dropped.first { return "partial write: \(first.reason) dropped=\(result.dropped.count)" }
    guard let message = result.unparsableMessage else { return nil }
    return result.written == 0 ? message : "partial write: \(message) dropped=0"
  }

  private static func status(_ error: MillError) -> Int {
    switch error.code {
    case .notFound: 404
    case .limit: 413
    case .configuration: 400
    default: error.isRetriable ? 503 : 500
    }
  }

  // MARK: InfluxDB 2

  func answerV2(_ request: HTTPRequest) -> HTTPResponse {
    guard let bucket = request.parameter("bucket"), !bucket.isEmpty else {
      return InfluxErrors.v2(400, "invalid", "bucket is required")
    }
    guard let precision = TimestampPrecision(name: request.parameter("precision") ?? "ns"),
      precision.nanoseconds <= TimestampPrecision.seconds.nanoseconds
    else {
      return InfluxErrors.v2(400, "invalid", "invalid precision; valid precision units are ns, us, ms, and s")
    }
    if request.body.count > StoreServer.v2BodyMax {
      return InfluxErrors.v2(413, "request too large", "unable to read data: points batch is too large")
    }
    do {
      let result = try engine.write(request.body, to: Self.database(ofBucket: bucket), precision: precision)
      if !result.dropped.isEmpty, let message = Self.message(result) {
        return InfluxErrors.v2(
          422, "unprocessable entity", "failure writing points to database: \(message) for database: \(bucket)")
      }
      if let message = Self.message(result) { return InfluxErrors.v2(400, "invalid", message) }
      return HTTPResponse(status: 204)
    } catch let error as MillError {
      let status = Self.status(error)
      if status == 404 { return InfluxErrors.v2(404, "not found", "bucket \"\(bucket)\" not found") }
      let codes = [400: "invalid", 413: "request too large", 503: "unavailable"]
      var response = InfluxErrors.v2(status, codes[status] ?? "internal error", error.description)
      if status == 503 { response.headers["Retry-After"] = "5" }
      return response
    } catch {
      return InfluxErrors.v2(500, "internal error", "\(error)")
    }
  }

  /// `db/autogen`, as clients of InfluxDB 1.8 write a bucket, is the database `db`.
  static func database(ofBucket bucket: String) -> String {
    bucket.hasSuffix("/autogen") ? String(bucket.dropLast("/autogen".count)) : bucket
  }
}
