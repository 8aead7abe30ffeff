import MillBase

/// Files of this repository, wherever it is checked out.
enum Repository {
  static func file(_ path: String, _ here: String = #filePath) -> String {
    // Tests/MillViewTests/Repository.swift
    let root = here.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(root)/\(path)"
  }
}
