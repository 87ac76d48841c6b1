"""`mlops.toml`: read once, checked whole, with the key and the line of what is wrong."""

from .file import find_root, load
from .policy import Gate
from .sections import FILE, PORT, Config, Serving, Source, Target

__all__ = ["FILE", "PORT", "Config", "Gate", "Serving", "Source", "Target", "find_root", "load"]
