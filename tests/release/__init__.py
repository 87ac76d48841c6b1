"""Releases against the local Azure ML: through crashes, beside each other, with bad versions."""
