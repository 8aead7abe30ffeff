import MillBase
import MillColumns
import MillQuery

// Names of other rooms that an application with DataFrames needs: `import MillFrame` is enough for it.

public typealias StreamingQuery = MillQuery.StreamingQuery
public typealias StreamSink = MillQuery.StreamSink
public typealias Schema = MillColumns.Schema
public typealias Value = MillColumns.Value
