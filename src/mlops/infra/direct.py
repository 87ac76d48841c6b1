"""A deployment, resource by resource: each is put when what is there differs, in an order that works.

Stopped anywhere and begun again it ends the same: what is there already is not put again. The list of what was
made is kept as a deployment stack, as Azure keeps it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadInput, ServiceFailed
from .arm import Manager
from .bicep import Snapshot
from .changes import Change, compare
from .expressions import NotUnderstood, resolve

STACK_VERSION = "2024-03-01"
UNMANAGED = {"resources": "detach", "resourceGroups": "detach", "managementGroups": "detach"}
"""What happens with what a deployment no longer names: it stays (docs/infrastructure.md says why)."""
MADE_ONCE = "/onlineendpoints/"
"""An endpoint is named by the first deployment only; that later ones do not name it is no change."""
REFERENCE = re.compile(r"reference\('(/subscriptions/[^']+)'")
ROLE = re.compile(r'"roleDefinitionId": "(/subscriptions/[^"]+)"')
ROLE_NAME = re.compile(r"/roleDefinitions/", re.IGNORECASE)
VERSIONS = {"microsoft.authorization": "2022-04-01", "microsoft.managedidentity": "2024-11-30"}
"""api-versions for what a deployment refers to without making it."""
Say = Callable[[str], None]


@dataclass
class Outcome:
    """What was found or done: every change, what is no longer named, and the deployment's outputs."""

    changes: list[Change] = field(default_factory=list)
    detached: list[str] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def pending(self) -> list[Change]:
        return [each for each in self.changes if each.action != "keep"]

    @property
    def differs(self) -> bool:
        return bool(self.pending or self.detached)


class _Known(dict[str, Any]):
    """Properties of a resource that is not there yet: whatever is asked for is not known."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(("principalId", "clientId", "tenantId"), "(known when it is made)"))


class Direct:
    """One deployment against one Azure Resource Manager."""

    def __init__(self, manager: Manager, snapshot: Snapshot, stack: str) -> None:
        self.manager = manager
        self.snapshot = snapshot
        self.stack = stack
        self._answers: dict[str, dict[str, Any]] = {}
        self._versions = {str(each["id"]).lower(): str(each["apiVersion"]) for each in snapshot.resources}

    def plan(self) -> Outcome:
        """What an apply would do. Reads only."""
        outcome = Outcome()
        for desired in self._in_order(self._foreseen):
            found = self._found(desired)
            outcome.changes.append(compare(desired, found))
        return self._finish(outcome, self._foreseen)

    def apply(self, say: Say) -> Outcome:
        """Put what differs. Raises ServiceFailed with the resource that was refused; what was put stays."""
        self._check_references()
        outcome = Outcome()
        for desired in self._in_order(self._reference):
            found = self._found(desired)
            change = compare(desired, found)
            if change.action != "keep":
                say(f"{change.action} {change.type} {change.name}")
                self._put(desired)
            outcome.changes.append(change)
        self._finish(outcome, self._reference)
        self._record(outcome)
        return outcome

    def _check_references(self) -> None:
        """What this deployment refers to and does not make itself is there. Raises BadInput if not."""
        text = json.dumps(self.snapshot.resources)
        named = set(REFERENCE.findall(text)) | set(ROLE.findall(text))
        others = (each for each in named if each.lower() not in self._versions)
        for id_ in sorted(others, key=lambda each: (bool(ROLE_NAME.search(each)), each)):
            self._reference(id_)  # identities first: a person knows them by their names

    def _in_order(self, reference: Callable[[str], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """The resources with their expressions evaluated, what is referred to before what refers to it."""
        waiting = {str(each["id"]).lower(): each for each in self.snapshot.resources}
        done: set[str] = set()

        def visit(key: str) -> Iterator[dict[str, Any]]:
            if key in done:
                return
            done.add(key)
            text = str(waiting[key]).lower()
            for other in waiting:
                if other not in done and f"reference('{other}'" in text:
                    yield from visit(other)
            try:
                yield resolve(waiting[key], reference)
            except NotUnderstood as error:
                raise BadInput(f"{waiting[key]['type']} {waiting[key]['name']}: {error}") from error

        for key in list(waiting):
            yield from visit(key)

    def _found(self, desired: dict[str, Any]) -> dict[str, Any] | None:
        found = self.manager.get(desired["id"], desired["apiVersion"])
        if found is not None:
            self._answers[str(desired["id"]).lower()] = found
        return found

    def _put(self, desired: dict[str, Any]) -> None:
        body = {k: v for k, v in desired.items() if k not in ("id", "type", "name", "apiVersion")}
        try:
            answer = self.manager.put(desired["id"], desired["apiVersion"], body)
        except ServiceFailed as error:
            raise ServiceFailed(
                f"{desired['type']} {desired['name']}: {error}", "mend it and run it again: it goes on from here"
            ) from error
        self._answers[str(desired["id"]).lower()] = answer

    def _reference(self, id: str) -> Mapping[str, Any]:
        """The properties of a resource of this deployment or another. Raises BadInput."""
        key = id.lower()
        if key not in self._answers:
            found = self.manager.get(id, self._version_of(id))
            if found is None:
                raise BadInput(
                    f"{id} is not there, and is referred to", "mlops bootstrap makes identities and their roles"
                )
            self._answers[key] = found
        return dict(self._answers[key].get("properties") or {})

    def _foreseen(self, id: str) -> Mapping[str, Any]:
        """The same for a plan: what is not there yet is not known."""
        try:
            return self._reference(id)
        except BadInput:
            return _Known()

    def _finish(self, outcome: Outcome, reference: Callable[[str], Mapping[str, Any]]) -> Outcome:
        """Add the outputs, and what the stack holds that this deployment no longer names."""
        recorded = self.manager.get(self.stack, STACK_VERSION)
        held = [each["id"] for each in ((recorded or {}).get("properties") or {}).get("resources") or []]
        named = {each.id.lower() for each in outcome.changes}
        gone = [each for each in held if each.lower() not in named and MADE_ONCE not in each.lower()]
        outcome.detached = [each for each in gone if self.manager.get(each, self._version_of(each))]
        try:
            outcome.outputs = resolve(self.snapshot.outputs, reference)
        except NotUnderstood as error:
            raise BadInput(f"an output of the deployment: {error}") from error
        return outcome

    def _version_of(self, id: str) -> str:
        """An api-version for a resource that this deployment does not name: that of one of its type."""
        kind = id.lower().rpartition("/providers/")[2].split("/")[:2]
        of_kind = (v for k, v in self._versions.items() if k.rpartition("/providers/")[2].split("/")[:2] == kind)
        return next(of_kind, VERSIONS.get(kind[0], "2024-11-30"))

    def _record(self, outcome: Outcome) -> None:
        """Write down what this deployment made, unless that stands there already."""
        ids = [each.id for each in outcome.changes]
        recorded = self.manager.get(self.stack, STACK_VERSION)
        held = [each["id"] for each in ((recorded or {}).get("properties") or {}).get("resources") or []]
        # endpoints that an earlier deployment made are still this stack's, to be found when all is taken down
        ids += [each for each in held if MADE_ONCE in each.lower() and each not in ids]
        if recorded is not None and set(held) == set(ids):
            return
        properties = {
            "actionOnUnmanage": UNMANAGED,
            "denySettings": {"mode": "none"},
            "resources": [{"id": each} for each in ids],
        }
        self.manager.put(self.stack, STACK_VERSION, {"location": "local", "properties": properties})
