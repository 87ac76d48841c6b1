"""Jobs: submission, the graph of a pipeline, one step as a process, reuse, run history."""
