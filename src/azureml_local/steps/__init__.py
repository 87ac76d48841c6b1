"""One step as a process: its folders, its variables, its rights, its end, and whether it need run at all."""
