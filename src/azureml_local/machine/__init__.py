"""This machine, and nothing of Azure: its folder of state, its clock, its processes."""
