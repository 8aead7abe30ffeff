import Testing

@testable import Millrace
