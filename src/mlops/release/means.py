"""What a release works with: the version as it is pinned, and what a test hands in something else for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..workspace.runs import Report
from .asking import Ask
from .bundle import Bundle
from .canary.run import Source
from .clock import Clock
from .lease import Holder

Prove = Callable[[Bundle, Ask], dict[str, Any]]
"""What a deployment shows when it is asked by its name: a document with `passed` and `reasons`."""

Read = Callable[[str, int, Path], Bundle]


@dataclass(frozen=True)
class Unit:
    """What is released: a bundle, and the ids under which its model and its environment are to be had here.

    `read` fetches the bundle of another version from where this one is from, into a folder.
    """

    bundle: Bundle
    model: str
    environment: str
    read: Read


@dataclass(frozen=True)
class Means:
    """What a release works with besides Azure Machine Learning.

    `source` gives the figures of a canary: without it the traffic moves at once. `report` gets what a person reads
    once, `show` what changes all the time, `also` release.json whenever it changes. `wait_seconds` is how long
    another release is waited for.
    """

    report: Report
    show: Report
    prove: Prove
    source: Callable[[], Source] | None = None
    clock: Clock = field(default_factory=Clock)
    holder: Holder = field(default_factory=Holder)
    wait_seconds: float = 0.0
    also: Callable[[Mapping[str, Any]], None] | None = None
