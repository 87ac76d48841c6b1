"""release.json: what a release set out to do, what it did, and why it ended as it did (schema release/1).

It is written after each step, where the next run finds it: a release that was broken off anywhere is gone on with,
under the same name and with the evidence that there is already.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .state import Progress
from .store import NEW, Store

SCHEMA = "release/1"
UNDER_WAY, SUCCEEDED, ROLLED_BACK, ABANDONED = "under way", "succeeded", "rolled back", "abandoned"
ENDING = "/release.json"
MIRROR = "mirror"
"""The name of the phase in which requests are copied; the others are called by their shares."""


@dataclass
class Record:
    """The record of one release, as it stands in storage. `also` is told of each change."""

    store: Store
    clock: Clock
    document: dict[str, Any]
    also: Callable[[Mapping[str, Any]], None] | None = None

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def deployment(self) -> str:
        return str(self.document["deployment"])

    @property
    def before(self) -> dict[str, int]:
        """The traffic that was read before anything was done."""
        return dict(self.document["before"]["traffic"])

    def phase(self, name: str) -> dict[str, Any] | None:
        """What is known of a phase: `mirror`, or a share of the traffic in percent."""
        return next((each for each in self.document["phases"] if each["name"] == name), None)

    def progress(self, kept: frozenset[str]) -> Progress:
        """How far it is."""
        good = {each["name"] for each in self.document["phases"] if each["decision"] == "go"}
        return Progress(
            before=self.before,
            proved=bool((self.document["proof"] or {}).get("passed")),
            mirrored=MIRROR in good,
            passed=frozenset(int(name) for name in good - {MIRROR}),
            stopped=str(self.document["stopped"]),
            logs=self.document["logs"] is not None,
            kept=kept,
        )

    def note(self, step: Mapping[str, Any], **changes: Any) -> None:
        """A step was done, and what it has changed in the record."""
        self.document["steps"].append({**step, "ended": self.clock.text()})
        self.change(**changes)

    def change(self, **changes: Any) -> None:
        """Set fields of the record."""
        self.document |= changes
        self.store.write(self.id + ENDING, self.document)
        if self.also:
            self.also(self.document)

    def end(self, state: str, reason: str = "") -> None:
        """How it has ended."""
        self.change(state=state, reason=reason or self.document["reason"], ended=self.clock.text())


def begin(store: Store, clock: Clock, model: str, version: int, **facts: Any) -> Record:
    """A new release; its id sorts by the time it began, and its end is part of the deployment's name."""
    mark = secrets.token_hex(2)
    id = f"{clock.now():%Y%m%dT%H%M%S%f}-{mark}"
    document = {
        "schema": SCHEMA,
        "id": id,
        "state": UNDER_WAY,
        "reason": "",
        "model": model,
        "version": version,
        "deployment": deployment_name(model, version, mark),
        "began": clock.text(),
        "ended": None,
        **facts,
        "stopped": "",
        "proof": None,
        "agreement": None,
        "phases": [],
        "logs": None,
        "steps": [],
    }
    store.write(id + ENDING, document, over=NEW)
    return Record(store, clock, document)


def deployment_name(model: str, version: int, mark: str) -> str:
    """One name a release, of 3 to 32 characters: what failed is never put again under the name of another."""
    end = f"-v{version}-{mark}"
    return f"{model.replace('_', '-')[: 32 - len(end)].rstrip('-')}{end}"


def newest(store: Store, clock: Clock) -> Record | None:
    """The release of an endpoint that was begun last."""
    names = [name for name in store.names() if name.endswith(ENDING)]
    return of(store, clock, names[-1].removesuffix(ENDING)) if names else None


def of(store: Store, clock: Clock, id: str) -> Record | None:
    """The record of a release; None where there is none."""
    found = store.read(id + ENDING)
    return Record(store, clock, found.document) if found else None
