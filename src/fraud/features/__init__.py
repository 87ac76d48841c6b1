"""What a model sees of a transaction: windows.py defines it, features.sql computes it, `prepare` runs that."""

# Windows add amounts as whole minor units, packed with their count into one whole number below 2^63: so a sum is
# exact in any order of adding. What a card's amounts may be for that is asked by `prepare` before it computes.
MINOR_UNITS = 100
TOTAL_BITS = 43
COUNT_BITS = 20
