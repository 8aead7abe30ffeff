import Testing

@testable import MillAgent
