"""What a deployment would change: each resource of the list against what is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal["create", "change", "keep"]
SENT = ("location", "tags", "sku", "kind", "identity", "properties")
"""The members of a resource that a template decides."""
WITHOUT_CASE = {"location", "vmsize", "type"}
"""Members whose spelling the service changes."""
READ_ONLY = {"userassignedidentities"}
"""Objects of which only the names count: the service fills the values in."""


@dataclass(frozen=True)
class Change:
    """One resource: what has to be done with it, and what differs (`properties.retentionInDays: 30 → 90`).

    `says` is what a resource whose name is a number says of itself.
    """

    id: str
    type: str
    action: Action
    differences: list[str] = field(default_factory=list)
    says: str = ""

    @property
    def name(self) -> str:
        """Its short name, with what it is of where it is an extension."""
        of, _, own = self.id.rpartition("/providers/")
        name = self.says or "/".join(own.split("/")[2::2] if of else self.id.split("/")[-1:])
        return f"{name} on {of.rsplit('/', 1)[-1]}" if "/providers/" in of else name


def compare(desired: dict[str, Any], found: dict[str, Any] | None) -> Change:
    """The change that makes a resource what it shall be. What the template does not say does not count."""
    kind, says = str(desired["type"]), ""
    if kind.startswith("Microsoft.Authorization/role"):
        values = desired.get("properties") or {}
        says = repr(str(values.get("roleName") or values.get("description")))
    if found is None:
        return Change(str(desired["id"]), kind, "create", says=says)
    differences = [
        line for name in SENT if name in desired for line in _differences(name, desired[name], found.get(name))
    ]
    return Change(str(desired["id"]), kind, "change" if differences else "keep", differences, says)


def _differences(path: str, desired: Any, found: Any) -> Iterable[str]:
    last = path.rpartition(".")[2].lower()
    if isinstance(desired, dict):
        known = found if isinstance(found, dict) else {}
        if last in READ_ONLY:
            if {key.lower() for key in desired} != {key.lower() for key in known}:
                yield f"{path}: {', '.join(known) or 'none'} → {', '.join(desired)}"
            return
        lowered = {key.lower(): value for key, value in known.items()}
        for key, value in desired.items():
            yield from _differences(f"{path}.{key}", value, lowered.get(key.lower()))
    elif isinstance(desired, list):
        yield from _of_lists(path, desired, found)
    elif not _same(last, desired, found):
        yield f"{path}: {_shown(found)} → {_shown(desired)}"


def _of_lists(path: str, desired: list[Any], found: Any) -> Iterable[str]:
    known = found if isinstance(found, list) else []
    if all(isinstance(each, str) for each in (*desired, *known)):
        added, gone = (sorted(set(a) - set(b)) for a, b in ((desired, known), (known, desired)))
        if added or gone:
            yield f"{path}: " + " ".join([*(f"+{each}" for each in added), *(f"-{each}" for each in gone)])
            return
    if len(desired) != len(known):
        yield f"{path}: {len(known)} → {len(desired)} entries"
        return
    for index, (ours, theirs) in enumerate(zip(desired, known, strict=True)):
        yield from _differences(f"{path}[{index}]", ours, theirs)


def _same(name: str, desired: Any, found: Any) -> bool:
    if desired is None:
        return True  # the template leaves it to the service
    if isinstance(desired, str) and isinstance(found, str):
        if name == "accountname" and found.endswith(f"/{desired}"):
            return True  # the local Azure ML writes its own address before the account's name
        both_ids = desired.startswith("/") and found.startswith("/")
        if both_ids or name in WITHOUT_CASE:
            return desired.lower().replace(" ", "") == found.lower().replace(" ", "")
    return bool(desired == found)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
