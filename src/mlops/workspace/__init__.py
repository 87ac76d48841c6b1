"""The one door to Azure ML: a client of a target's workspace, and what is asked of it again and again."""
