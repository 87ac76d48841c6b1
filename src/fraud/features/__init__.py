"""What a model sees of a transaction: windows.py defines it, features.sql computes it, `prepare` runs that."""
