import MillColumns

/// CAST over whole columns (facts: Spark's Cast expression, in its ANSI, legacy and try forms).
struct Cast {
  let from: DataType
  let to: DataType
  let mode: CastMode
  let evaluation: Evaluation

  static func apply(_ vector: Vector, to: DataType, mode: CastMode, _ evaluation: Evaluation) throws -> Vector {
    if vector.type == to { return vector }
    return try Cast(from: vector.type, to: to, mode: mode, evaluation: evaluation).apply(vector)
  }

  private func apply(_ vector: Vector) throws -> Vector {
    if from == .null { return Vector(constant: Column(to, [.null]), count: vector.count) }
    if case .scanned(let input) = vector.storage, to == .string {
      // Still no copy: whoever reads the text looks after bytes that are not UTF-8.
      return Vector(valuesOf: input, as: .string)
    }
    switch (from, to) {
    case (.binary, .string): return relabel(vector) { Self.validText($0) }
    case (.string, .binary): return relabel(vector) { $0 }
    case (_, .string):
      let column = evaluation.lane.time.local(vector.compact.column)
      let plainDecimals = mode != .legacy
      return try evaluation.mapBytes([vector]) { row, out in
        column.appendText(vector.isConstant ? 0 : row, plainDecimals: plainDecimals, to: &out)
        return true
      }
    case (.string, _): return try CastFromText(cast: self, input: vector).apply()
    case (.array, _), (.map, _), (.struct, _): return try nested(vector)
    case (let type, _) where type.isInterval: return try fromInterval(vector)
    case (_, let type) where type.isInterval: return try toInterval(vector)
    case (.date, let type) where type != .timestamp:
      return Vector(constant: Column(to, [.null]), count: vector.count)
    case (_, .binary):
      let (longs, width) = (
        long(vector).fixed(Int64.self), from == .byte ? 1 : from == .short ? 2 : from == .integer ? 4 : 8
      )
      return try evaluation.build([vector], to: to) { row, out in
        if longs.isNull(row) { return out.appendNull() }
        out.append(.binary((0..<width).map { UInt8(truncatingIfNeeded: longs[row] >> Int64(8 * (width - 1 - $0))) }))
      }
    case (.boolean, .timestamp):
      // A microsecond past 1970.
      return try evaluation.map(vector, vector.booleans, to: to) { Int64($0 ? 1 : 0) }
    case (.boolean, _):
      return try fromLong(vector, evaluation.map(vector, vector.booleans, to: .long) { Int64($0 ? 1 : 0) })
    case (.date, .timestamp):
      let time = evaluation.lane.time
      return try evaluation.map(vector, vector.fixed(Int32.self), to: to) {
        time.instant(try Calendar.micros(ofDay: Int64($0)))
      }
    case (.timestamp, .date):
      let time = evaluation.lane.time
      return try evaluation.map(vector, vector.fixed(Int64.self), to: to) {
        Int32(Calendar.day(ofMicroseconds: time.local($0)))
      }
    case (.timestamp, _): return try fromTimestamp(vector)
    case (.decimal(let precision, let scale), _):
      return try fromDecimal(vector, precision: precision, scale: scale)
    case (.float, _):
      return try fromDouble(vector, evaluation.map(vector, vector.fixed(Float.self), to: .double) { Double($0) })
    case (.double, _): return try fromDouble(vector, vector)
    default: return try fromLong(vector, long(vector))
    }
  }

  // MARK: Errors

  func malformed(_ value: String) -> Failure {
    Failure(
      "[CAST_INVALID_INPUT] The value \(value) of the type \"\(from.sql)\" cannot be cast to \"\(to.sql)\" because it "
        + "is malformed. Correct the value as per the syntax, or change its target type. Use `try_cast` to tolerate "
        + "malformed input and return NULL instead. SQLSTATE: 22018")
  }

  private func overflow(_ vector: Vector, _ row: Int) -> Failure {
    let (column, mask) = vector.compact
    let suffix =
      switch from {
      case .long: "L"
      case .double where column.fixed(row & mask, as: Double.self).isFinite: "D"
      case .short: "S"
      default: ""
      }
    return Failure(
      "[CAST_OVERFLOW] The value \(column.text(row & mask) ?? "NULL")\(suffix) of the type \"\(from.sql)\" cannot be "
        + "cast to \"\(to.sql)\" due to an overflow. Use `try_cast` to tolerate overflow and return NULL instead. "
        + "SQLSTATE: 22003")
  }

  func outOfRange(_ value: String, precision: Int, scale: Int) -> Failure {
    Failure(
      "[NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION]  \(value) cannot be represented as Decimal(\(precision), \(scale)). "
        + "If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error, and return NULL instead. "
        + "SQLSTATE: 22003")
  }

  // MARK: By source type

  private func relabel(_ vector: Vector, _ change: (Column) -> Column) -> Vector {
    let column = change(vector.compact.column)
    let relabelled = column.relabelled(to)
    return vector.isConstant ? Vector(constant: relabelled, count: vector.count) : Vector(relabelled)
  }

  /// Bytes that are not UTF-8 become U+FFFD.
  static func validText(_ column: Column) -> Column {
    let start = column.offset(0)
    let all = UnsafeRawBufferPointer(start: column.values!.base + start, count: column.offset(column.count) - start)
    if String(validating: all, as: UTF8.self) != nil { return column }
    var builder = ColumnBuilder(.binary, capacity: column.count)
    for row in 0..<column.count {
      if column.isNull(row) {
        builder.appendNull()
      } else {
        column.withBytes(row) { bytes in
          var text = String(decoding: bytes, as: UTF8.self)
          text.withUTF8 { builder.append(bytes: UnsafeRawBufferPointer($0)) }
        }
      }
    }
    return builder.finish()
  }

  private func long(_ vector: Vector) -> Vector {
    switch from {
    case .byte: vector.mapColumn { $0.widened(Int8.self) }
    case .short: vector.mapColumn { $0.widened(Int16.self) }
    case .integer: vector.mapColumn { $0.widened(Int32.self) }
    default: vector
    }
  }

  private func narrow<T: FixedWidthInteger & Fixed>(_ input: Vector, _ longs: Vector, _: T.Type) throws -> Vector {
    let values = longs.fixed(Int64.self)
    return try evaluation.build([longs], to: to) { row, out in
      if values.isNull(row) { return out.appendNull() }
      if let exact = T(exactly: values[row]) { return out.append(fixed: exact) }
      switch mode {
      case .ansi: throw overflow(input, row)
      case .attempt: out.appendNull()
      case .legacy: out.append(fixed: T(truncatingIfNeeded: values[row]))
      }
    }
  }

  private func fromLong(_ input: Vector, _ longs: Vector) throws -> Vector {
    let values = longs.fixed(Int64.self)
    switch to {
    case .boolean: return try evaluation.map(longs, values, to: to) { UInt8($0 == 0 ? 0 : 1) }
    case .byte: return try narrow(input, longs, Int8.self)
    case .short: return try narrow(input, longs, Int16.self)
    case .integer: return try narrow(input, longs, Int32.self)
    case .long: return longs
    case .float: return try evaluation.map(longs, values, to: to) { Float($0) }
    case .double: return try evaluation.map(longs, values, to: to) { Double($0) }
    case .decimal(let precision, let scale):
      return try evaluation.map(longs, values, to: to) { try decimal(Int128($0), from: 0, precision, scale) }
    case .timestamp:
      return try evaluation.map(longs, values, to: to) { seconds in
        let (micros, overflowed) = seconds.multipliedReportingOverflow(by: 1_000_000)
        // Java's TimeUnit saturates.
        return overflowed ? (seconds < 0 ? .min : .max) : micros
      }
    default: preconditionFailure("no cast from \(from) to \(to)")
    }
  }

  private func decimal(_ unscaled: Int128, from scale: Int, _ precision: Int, _ toScale: Int) throws -> Int128? {
    if let value = Decimal128.rescale(unscaled, from: scale, to: toScale),
      Decimal128.fits(value, precision: precision)
    {
      return value
    }
    if mode == .ansi { throw outOfRange(Decimal128.text(unscaled, scale: scale), precision: precision, scale: toScale) }
    return nil
  }

  /// A value that a whole-number type can't hold: Java saturates for int and long, then cuts for byte and short.
  private func whole<T: FixedWidthInteger & Fixed>(_ input: Vector, _ doubles: Vector, _: T.Type) throws -> Vector {
    let values = doubles.fixed(Double.self)
    return try evaluation.build([doubles], to: to) { row, out in
      if values.isNull(row) { return out.appendNull() }
      let value = values[row]
      if let exact = T(exactly: value.rounded(.towardZero)) { return out.append(fixed: exact) }
      switch mode {
      case .ansi: throw overflow(input, row)
      case .attempt: out.appendNull()
      case .legacy:
        if T.bitWidth < 32 {
          out.append(fixed: T(truncatingIfNeeded: Self.saturated(value, Int32.self)))
        } else {
          out.append(fixed: Self.saturated(value, T.self))
        }
      }
    }
  }

  private static func saturated<T: FixedWidthInteger>(_ value: Double, _: T.Type) -> T {
    value.isNaN ? 0 : T(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
  }

  private func fromDouble(_ input: Vector, _ doubles: Vector) throws -> Vector {
    let values = doubles.fixed(Double.self)
    switch to {
    case .boolean: return try evaluation.map(doubles, values, to: to) { UInt8($0 == 0 ? 0 : 1) }
    case .byte: return try whole(input, doubles, Int8.self)
    case .short: return try whole(input, doubles, Int16.self)
    case .integer: return try whole(input, doubles, Int32.self)
    case .long: return try whole(input, doubles, Int64.self)
    case .float: return try evaluation.map(doubles, values, to: to) { Float($0) }
    case .double: return doubles
    case .decimal(let precision, let scale):
      let (column, mask) = doubles.compact
      return try evaluation.build([doubles], to: to) { row, out in
        if values.isNull(row) || !values[row].isFinite { return out.appendNull() }
        // By the shortest digits, as Java's BigDecimal.valueOf does; a FLOAT's are those of the DOUBLE.
        let text = column.text(row & mask) ?? ""
        let value = Array(text.utf8).withUnsafeBufferPointer {
          DecimalText.parse($0, precision: precision, scale: scale)
        }
        if let value { return out.append(fixed: value) }
        if mode == .ansi { throw outOfRange(text, precision: precision, scale: scale) }
        out.appendNull()
      }
    case .timestamp:
      return try evaluation.build([doubles], to: to) { row, out in
        if values.isNull(row) { return out.appendNull() }
        let value = values[row]
        if value.isFinite { return out.append(fixed: Self.saturated(value * 1_000_000, Int64.self)) }
        if mode == .ansi { throw malformed(doubles.compact.column.literal(doubles.isConstant ? 0 : row)) }
        out.appendNull()
      }
    default: preconditionFailure("no cast from \(from) to \(to)")
    }
  }

  private func fromDecimal(_ input: Vector, precision: Int, scale: Int) throws -> Vector {
    let values = input.fixed(Int128.self)
    func whole<T: FixedWidthInteger & Fixed>(_: T.Type) throws -> Vector {
      try evaluation.build([input], to: to) { row, out in
        if values.isNull(row) { return out.appendNull() }
        var value = values[row] / Decimal128.powers[scale]
        // Spark's Decimal.roundToNumeric goes by way of DOUBLE, which may be the next whole number.
        if mode != .legacy, T.bitWidth < 64, precision > 18, scale > 0 {
          value = Int128(Decimal128.double(values[row], scale: scale))
        }
        if let exact = T(exactly: value) { return out.append(fixed: exact) }
        switch mode {
        case .ansi: throw overflow(input, row)
        case .attempt: out.appendNull()
        case .legacy: out.append(fixed: T(truncatingIfNeeded: value))
        }
      }
    }
    switch to {
    case .boolean: return try evaluation.map(input, values, to: to) { UInt8($0 == 0 ? 0 : 1) }
    case .byte: return try whole(Int8.self)
    case .short: return try whole(Int16.self)
    case .integer: return try whole(Int32.self)
    case .long: return try whole(Int64.self)
    case .float: return try evaluation.map(input, values, to: to) { Float(Decimal128.double($0, scale: scale)) }
    case .double: return try evaluation.map(input, values, to: to) { Decimal128.double($0, scale: scale) }
    case .decimal(let precision, let toScale):
      return try evaluation.map(input, values, to: to) { try decimal($0, from: scale, precision, toScale) }
    case .timestamp:
      return try evaluation.map(input, values, to: to) { value in
        // Spark's product has 34 digits, six of them for the microseconds.
        let extra = max(0, Decimal128.digitCount(value) - 28)
        let kept = extra == 0 ? value : Decimal128.divideHalfEven(value, Decimal128.powers[extra])
        let scale = scale - extra
        // Java's BigDecimal.longValue drops what is behind the microseconds, and what is above 64 bits.
        return scale > 6
          ? Int64(truncatingIfNeeded: kept / Decimal128.powers[scale - 6])
          : Int64(truncatingIfNeeded: kept &* Decimal128.powers[6 - scale])
      }
    default: preconditionFailure("no cast from \(from) to \(to)")
    }
  }

  private func fromTimestamp(_ input: Vector) throws -> Vector {
    let values = input.fixed(Int64.self)
    switch to {
    case .double: return try evaluation.map(input, values, to: to) { Double($0) / 1_000_000 }
    case .float: return try evaluation.map(input, values, to: to) { Float(Double($0) / 1_000_000) }
    case .decimal(let precision, let scale):
      return try evaluation.map(input, values, to: to) { try decimal(Int128($0), from: 6, precision, scale) }
    case .boolean: return try evaluation.map(input, values, to: to) { UInt8($0 == 0 ? 0 : 1) }
    default:
      let seconds = try evaluation.map(input, values, to: .long) { $0.flooredDivision(by: 1_000_000) }
      // What does not fit is null by the older rules too: only numbers are cut.
      let narrowing = mode == .legacy ? Cast(from: from, to: to, mode: .attempt, evaluation: evaluation) : self
      return try narrowing.fromLong(input, seconds)
    }
  }

  // MARK: Arrays, maps, structs

  private func nested(_ vector: Vector) throws -> Vector {
    let column = vector.compact.column
    func child(_ index: Int, _ type: DataType) throws -> Column {
      let child = column.children[index]
      let frame = Frame(columns: [], count: child.count, slot: { $0 })
      var inner = Evaluation(frame: frame, active: nil, lane: evaluation.lane)
      inner.active = evaluation.active.map { _ in [Bool](repeating: evaluation.isAnyActive, count: child.count) }
      do {
        return try Cast.apply(Vector(child), to: type, mode: mode, inner).column
      } catch let failure as RowFailure {
        var row = 0
        if column.offsets != nil {
          while row + 1 < column.count, column.offset(row + 1) <= failure.row { row += 1 }
        } else {
          row = failure.row
        }
        throw RowFailure(failure: failure.failure, row: row, position: failure.position)
      }
    }
    let children: [Column]
    switch to {
    case .array(let element): children = [try child(0, element)]
    case .map(let key, let value): children = [try child(0, key), try child(1, value)]
    case .struct(let schema): children = try schema.columns.enumerated().map { try child($0.offset, $0.element.type) }
    default: preconditionFailure("no cast from \(from) to \(to)")
    }
    let result = Column(
      to, count: column.count, validity: column.validity, values: column.values, offsets: column.offsets,
      children: children)
    return vector.isConstant ? Vector(constant: result, count: vector.count) : Vector(result)
  }
}

extension Column {
  /// The same bytes under another name: string as binary, binary that is known to be UTF-8 as string.
  func relabelled(_ type: DataType) -> Column {
    if type == self.type { return self }
    return Column(type, count: count, validity: validity, values: values, offsets: offsets)
  }
}

extension Column {
  fileprivate func widened<T: FixedWidthInteger & Fixed>(_: T.Type) -> Column {
    withFixed(T.self) { values in
      .fixed(.long, count: count, validity: validity, as: Int64.self) { target in
        for row in values.indices { target[row] = Int64(truncatingIfNeeded: values[row]) }
      }
    }
  }
}
