import MillBase
import MillKafka

extension MillraceCommand {
  /// All commands, in the order of the overview.
  static var commands: [Command] {
    [
      run, check, test, sql, query, agent, broker, topics, groups, configs, produce, consume, fsck, dump, store, view,
      sampleAPI,
    ]
  }

  static let topics = Command(
    name: "topics", summary: "List, make, describe and delete topics, with kafka-topics' flags.", usage: "",
    raw: { words in TopicsCommand.run(arguments: words, output: terminal) })
}
