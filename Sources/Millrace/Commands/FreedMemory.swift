import CMalloc

enum FreedMemory {
  /// Memory of one chunk or request serves the next, instead of going back to the system and coming again as pages of
  /// zeros.
  ///
  /// - Parameters:
  ///   - blocksUpTo: larger blocks go back at once, bytes (at most 32 MiB, malloc's own limit).
  ///   - total: what each of malloc's arenas keeps at most, bytes.
  static func keep(blocksUpTo: Int, total: Int) {
    mallopt(M_MMAP_THRESHOLD, Int32(blocksUpTo))
    mallopt(M_TRIM_THRESHOLD, Int32(total))
    mallopt(M_TOP_PAD, Int32(blocksUpTo / 8))
  }
}
