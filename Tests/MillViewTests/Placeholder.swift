import Testing

@testable import MillView
