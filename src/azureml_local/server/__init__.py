"""The whole server: what it answers (app), what it knows (types), how it starts, and how one speaks to it (control)."""
