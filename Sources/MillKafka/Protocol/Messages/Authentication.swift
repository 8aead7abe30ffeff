public struct SASLHandshakeRequest: ProtocolStruct {
  public var mechanism = ""
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws { try v.string("Mechanism", &mechanism) }
}

public struct SASLHandshakeResponse: ProtocolStruct {
  public var errorCode: Int16 = 0
  public var mechanisms: [String] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int16("ErrorCode", &errorCode)
    try v.strings("Mechanisms", &mechanisms, 0...)
  }
}

public struct SASLAuthenticateRequest: ProtocolStruct {
  public var authBytes: [UInt8] = []
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws { try v.bytes("AuthBytes", &authBytes) }
}

public struct SASLAuthenticateResponse: ProtocolStruct {
  public var errorCode: Int16 = 0
  public var errorMessage: String?
  public var authBytes: [UInt8] = []
  /// 0 = the connection need not authenticate again.
  public var sessionLifetime: Int64 = 0
  public init() {}
  public mutating func fields(_ v: inout some FieldVisitor) throws {
    try v.int16("ErrorCode", &errorCode)
    try v.nullableString("ErrorMessage", &errorMessage)
    try v.bytes("AuthBytes", &authBytes)
    try v.int64("SessionLifetimeMs", &sessionLifetime, 1...)
  }
}
