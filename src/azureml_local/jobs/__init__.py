"""Jobs: what kinds there are, their submission, and the graph of a pipeline."""
