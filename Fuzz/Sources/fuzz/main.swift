import CFuzzer
import FuzzTargets
import Glibc
import MillBase

// fuzz TARGET [libFuzzer's options, folders, files]   fuzzes, or replays the files
// fuzz seeds FOLDER                                   writes each target's first inputs to FOLDER/TARGET
// run.sh calls both.

func writeSeeds(_ folder: String) throws {
  for name in FuzzTargets.names {
    try Files.makeDirectory("\(folder)/\(name)")
    for (number, seed) in try FuzzTargets.seeds(of: name).enumerated() {
      try Files.writeAtomically(seed, to: "\(folder)/\(name)/seed-\(number)")
    }
  }
}

func fuzz(_ name: String) throws -> Int32 {
  muteLog()
  target = try FuzzTargets.make(name)
  // libFuzzer sees the arguments without the target's name.
  var count = CommandLine.argc - 1
  var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
  return LLVMFuzzerRunDriver(&count, &values, testOneInput)
}

do {
  let words = CommandLine.arguments.dropFirst()
  if words.first == "seeds", words.count == 2 {
    try writeSeeds(words.last!)
  } else {
    exit(try fuzz(words.first ?? ""))
  }
} catch {
  Log.error("fuzz", "\(error)")
  exit(64)
}
