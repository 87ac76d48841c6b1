"""What the features take for granted of the data; the evidence, and so the model card, says it."""

# These two know how the simulator of the data works. On other data they are a guess to be checked.
LARGEST_GENUINE, LARGE = 220, 2.5
MIRRORS_SIMULATOR = (
    ("LARGEST_GENUINE", LARGEST_GENUINE, "an amount above it is fraud by itself: the simulator's first scenario"),
    (
        "LARGE",
        LARGE,
        "an amount of so many times the card's usual one is large: the third scenario makes it 5 times",
    ),
)
