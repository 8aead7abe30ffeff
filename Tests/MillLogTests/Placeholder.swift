import Testing

@testable import MillLog
