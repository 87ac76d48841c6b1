"""Landed data as versioned data assets: checked first, uploaded once, taken from where it lands exactly once."""

from .age import LAST, aged
from .generated import generate, generated
from .ingestion import Ingested, ingest
from .published import Published
from .versions import existing, publish

__all__ = ["LAST", "Ingested", "Published", "aged", "existing", "generate", "generated", "ingest", "publish"]
