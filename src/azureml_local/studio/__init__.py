"""Pages for a person who looks."""
