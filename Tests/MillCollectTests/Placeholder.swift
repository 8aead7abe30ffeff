import Testing

@testable import MillCollect
