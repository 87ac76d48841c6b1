"""Releases: what an endpoint serves (state), what is to be done about it (steps, plan), and doing it (apply)."""
