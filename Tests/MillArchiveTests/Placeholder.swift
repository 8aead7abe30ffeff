import Testing

@testable import MillArchive
