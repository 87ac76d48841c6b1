"""What a transaction is: its contract, how files of them are read, and a generator of them."""
