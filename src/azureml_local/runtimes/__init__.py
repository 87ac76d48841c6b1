"""What a step may import: what an environment declares, and the virtual environment built from it."""
