"""Infrastructure, identities and delivery together: what the templates make is what the commands work on."""
