"""Step environments: what an environment declares, and the virtual environment built from it."""
