import Testing

@testable import MillBase
