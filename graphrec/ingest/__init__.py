"""From Frames and events into the graph: the schema, three ways in, one result."""
