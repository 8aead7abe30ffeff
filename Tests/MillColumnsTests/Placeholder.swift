import Testing

@testable import MillColumns
