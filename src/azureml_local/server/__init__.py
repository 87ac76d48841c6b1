"""The whole server: what it answers (app), what it knows (types), how it starts, how one speaks to it."""
