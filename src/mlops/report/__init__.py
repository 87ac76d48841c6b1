"""Reports, rendered from the documents of a run and from nothing else."""
