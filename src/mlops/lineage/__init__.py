"""The memory of registered versions: what one was made from, why two differ, and whether one can be made again."""
