import Testing

@testable import MillKafka
