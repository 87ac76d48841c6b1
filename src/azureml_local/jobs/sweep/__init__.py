"""Sweeps: many trials of one command over a search space, and the best of them."""
