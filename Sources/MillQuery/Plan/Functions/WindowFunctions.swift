import MillColumns

/// Functions of a window's struct.
extension FunctionLibrary {
  static let windowFunctions: [FunctionDefinition] = [
    FunctionDefinition("window_time", arity: 1) { call in
      guard call.type(0) == TimeWindow.type else { throw call.mismatch(0, wants: "a window") }
      return call.result(.timestamp) { vectors, evaluation in
        let windows = vectors[0].column
        let ends = windows.children[1]
        return Vector(
          Column.fixed(.timestamp, count: windows.count, validity: windows.validity, as: Int64.self) { target in
            // A window's end does not belong to it.
            for row in 0..<windows.count { target[row] = ends.fixed(row, as: Int64.self) - 1 }
          })
      }
    }
  ]
}
