import Glibc
import Millrace

exit(MillraceCommand.run(Array(CommandLine.arguments.dropFirst())))
