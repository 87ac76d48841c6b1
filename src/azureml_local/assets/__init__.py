"""Versioned assets: data, models, environments, components, code snapshots."""
