"""Metrics of the handbook's protocol, and the step that compares candidates."""
