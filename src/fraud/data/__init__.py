"""What a transaction is: its contract, how files of them are read, and a generator of them."""

# Amounts are whole minor units: features add them packed with their count into one whole number below 2^63, so
# that a sum is exact in any order of adding. The contract sees to it.
MINOR_UNITS = 100
TOTAL_BITS = 43
COUNT_BITS = 20

# Whether a transaction was fraud counts as known so many days after it, or when it was reported if that was later.
LABEL_DAYS = 7
