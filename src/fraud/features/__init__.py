"""What a model sees of a transaction: features.sql, and the step that runs it."""
