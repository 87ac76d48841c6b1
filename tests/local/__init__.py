"""Azure Machine Learning on one machine, through the unmodified SDK."""
