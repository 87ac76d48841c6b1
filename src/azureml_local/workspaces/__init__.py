"""Workspaces: what they are made of, what is refused, and how they end; their computes."""
