import Glibc
import MillColumns

extension FunctionLibrary {
  static let mathFunctions: [FunctionDefinition] = [
    math("acosh") { Glibc.acosh($0) },
    math("asinh") { $0 == -.infinity ? $0 : Glibc.log($0 + ($0 * $0 + 1).squareRoot()) },
    math("atanh") { 0.5 * (Glibc.log1p($0) - Glibc.log1p(-$0)) },
    math("cot") { 1 / Glibc.tan($0) }, math("sec") { 1 / Glibc.cos($0) }, math("csc") { 1 / Glibc.sin($0) },
    FunctionDefinition("bin", arity: 1) { call in
      try call.cast(0, to: .long)
      return call.values(.string) { .string(String(UInt64(bitPattern: Int64($0[0].whole)), radix: 2)) }
    },
    FunctionDefinition("conv", arity: 3) { call in
      try call.castToText([0])
      try call.cast(1, to: .integer)
      try call.cast(2, to: .integer)
      let ansi = call.ansi
      return call.values(.string) { arguments in
        let text = arguments[0].text
        return try convert(text, from: arguments[1].whole, to: arguments[2].whole, ansi: ansi).map { .string($0) }
          ?? .null
      }
    },
    FunctionDefinition("factorial", arity: 1) { call in
      try call.cast(0, to: .integer)
      return call.values(.long) { arguments in
        let value = arguments[0].whole
        guard (0...20).contains(value) else { return .null }
        return .integer((1...max(1, Int64(value))).reduce(1, *))
      }
    },
    FunctionDefinition("width_bucket", arity: 4) { call in
      for index in 0..<3 { try call.cast(index, to: .double) }
      try call.cast(3, to: .long)
      return call.values(.long) { arguments in
        let (value, low, high) = (arguments[0].number, arguments[1].number, arguments[2].number)
        let count = arguments[3].whole
        guard count > 0, count < Int.max, !value.isNaN, low.isFinite, high.isFinite, low != high else { return .null }
        let (first, last) = (min(low, high), max(low, high))
        let isRising = low < high
        if value < first || !isRising && value == first { return .integer(isRising ? 0 : Int64(count) + 1) }
        if value > last || isRising && value == last { return .integer(isRising ? Int64(count) + 1 : 0) }
        let distance = isRising ? value - low : low - value
        // Beyond 64 bits as Java converts doubles.
        let place = Double(count) * distance / (last - first)
        let whole = place.isNaN ? 0 : Int64(exactly: place.rounded(.towardZero)) ?? (place < 0 ? .min : .max)
        return .integer(whole &+ 1)
      }
    },
    FunctionDefinition("try_mod", arity: 2) { call in try Arithmetic.remainder.expression(call, mode: .attempt) },
  ]

  private static func math(_ name: String, _ body: @escaping @Sendable (Double) -> Double) -> FunctionDefinition {
    FunctionDefinition(name, arity: 1) { call in
      try call.cast(0, to: .double)
      return call.result(.double) { vectors, evaluation in
        try evaluation.map(vectors[0], vectors[0].fixed(Double.self), to: .double) { body($0) }
      }
    }
  }

  /// Digits of one base in another, through an unsigned 64-bit number; a negative target base means a signed result.
  private static func convert(_ text: String, from: Int, to: Int, ansi: Bool) throws(Failure) -> String? {
    guard (2...36).contains(from), (2...36).contains(to.magnitude) else { return nil }
    var digits = text.utf8.drop { $0 == 32 }
    while digits.last == 32 { digits.removeLast() }
    if digits.isEmpty { return nil }
    var isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits.removeFirst() }
    var value: UInt64 = 0
    for byte in digits {
      guard let digit = Character(Unicode.Scalar(byte)).isASCII ? Int(String(Unicode.Scalar(byte)), radix: 36) : nil,
        digit < from
      else { break }
      let (product, isTooBig) = value.multipliedReportingOverflow(by: UInt64(from))
      let (sum, isStillTooBig) = product.addingReportingOverflow(UInt64(digit))
      if isTooBig || isStillTooBig {
        guard !ansi else {
          throw Failure("[ARITHMETIC_OVERFLOW] Overflow in function conv(). SQLSTATE: 22003")
        }
        value = .max
        break
      }
      value = sum
    }
    if isNegative, to > 0 { value = Int64(bitPattern: value) < 0 ? .max : 0 &- value }
    if to < 0, Int64(bitPattern: value) < 0 {
      value = 0 &- value
      isNegative = true
    }
    return (isNegative && to < 0 ? "-" : "") + String(value, radix: Int(to.magnitude), uppercase: true)
  }
}
