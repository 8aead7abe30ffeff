import Testing

@testable import MillQuery
