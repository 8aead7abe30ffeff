import Testing

/// Tests that start the real executable: one after the other, since each chain wants the machine for itself.
@Suite(.serialized) enum EndToEnd {}
