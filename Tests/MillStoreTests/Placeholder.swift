import Testing

@testable import MillStore
