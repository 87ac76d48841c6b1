"""Registries: assets that workspaces share. What is here is seen from every workspace, under a name of its own."""
