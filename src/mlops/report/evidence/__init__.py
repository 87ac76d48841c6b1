"""The report of a run, rendered from evaluation.json (evaluation/2) and gate.json (gate/2) and from nothing else.

`sentence` is the verdict in one line, `lines` is for a terminal or a pull request, `page` one self-contained HTML
file. They show whatever metrics, slices and curves there are. The gate's step runs this too: it needs the standard
library only.
"""

from .document import sentence
from .page import page
from .text import lines

__all__ = ["lines", "page", "sentence"]
