"""`mlops.toml`: read once, checked whole, with the key and the line of what is wrong."""

from .file import find_root, load
from .policy import Gate
from .release import Canary, Proof, Release
from .sections import FILE, PORT, Config, Serving, Source, Target

__all__ = [
    "FILE",
    "PORT",
    "Canary",
    "Config",
    "Gate",
    "Proof",
    "Release",
    "Serving",
    "Source",
    "Target",
    "find_root",
    "load",
]
