"""A deployment in Azure: a deployment stack through `az`, and a what-if that only reads.

`--action-on-unmanage detachAll`: a stack deletes without regard to dependencies, and an endpoint that a later
deployment no longer names must stay. `--deny-settings-mode none`: deny settings also refuse POST requests to child
resources, on which jobs and endpoints depend. Sources: Azure/deployment-stacks#173, #183; Azure/bicep#18419.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import tools
from .changes import Change
from .direct import Outcome, Say

ACTIONS = {"Create": "create", "Modify": "change", "Delete": "change", "Deploy": "change"}
NOISE = (
    ("microsoft.machinelearningservices/workspaces", "", "Delete"),
    ("microsoft.insights/components", "properties.Flow_Type", ""),
    ("microsoft.insights/components", "properties.Request_Source", ""),
    ("microsoft.authorization/roleassignments", "properties.principalId", ""),
)
"""(type, path, kind of change) that a what-if reports of an unchanged template; "" is any. Seen 2026-08."""


@dataclass(frozen=True)
class Stack:
    """One deployment in Azure: a parameter file, and the stack that holds what it makes."""

    parameters: Path
    name: str
    subscription: str
    location: str
    variables: Mapping[str, str]

    def plan(self) -> Outcome:
        """What it would change. Needs Reader and the two actions of the role `plan`, nothing that writes."""
        said = self._az(
            *("deployment", "sub", "what-if"),
            *("--validation-level", "ProviderNoRbac"),
            *("--no-pretty-print", "--output", "json"),
        )
        changes = [_change(each) for each in json.loads(said or "{}").get("changes") or []]
        return Outcome([each for each in changes if each])

    def apply(self, say: Say) -> Outcome:
        """Deploy it. Raises ServiceFailed in Azure's words."""
        say(f"deploying {self.parameters.name} as the stack {self.name}; this takes up to an hour")
        said = self._az(
            *("stack", "sub", "create"),
            *("--action-on-unmanage", "detachAll"),
            *("--deny-settings-mode", "none"),
            *("--yes", "--output", "json"),
        )
        stack = json.loads(said or "{}")
        properties = stack.get("properties") or stack
        outputs = {key: each["value"] for key, each in (properties.get("outputs") or {}).items()}
        detached = [each["id"] for each in properties.get("detachedResources") or []]
        held = properties.get("resources") or []
        return Outcome([Change(each["id"], _type_of(each["id"]), "keep") for each in held], detached, outputs)

    def _az(self, group: str, scope: str, verb: str, *more: str) -> str:
        return tools.run(
            "az",
            *(group, scope, verb),
            *("--name", self.name),
            *("--location", self.location),
            *("--subscription", self.subscription),
            *("--parameters", str(self.parameters)),
            *more,
            environment=self.variables,
        )


def _change(reported: dict[str, Any]) -> Change | None:
    kind = str(reported.get("changeType"))
    id_ = str(reported.get("resourceId"))
    if kind in ("Ignore", "Unsupported"):
        return None
    lines = [
        f"{delta['path']}: {_shown(delta.get('before'))} → {_shown(delta.get('after'))}"
        for delta in reported.get("delta") or []
        if not _is_noise(_type_of(id_), delta)
    ]
    if kind == "NoChange" or (kind == "Modify" and not lines):
        return Change(id_, _type_of(id_), "keep")
    return Change(id_, _type_of(id_), "create" if kind == "Create" else "change", lines)


def _is_noise(kind: str, delta: dict[str, Any]) -> bool:
    return any(
        kind.lower() == of and path in ("", delta.get("path")) and how in ("", delta.get("propertyChangeType"))
        for of, path, how in NOISE
    )


def _type_of(id_: str) -> str:
    """The type in an id: `Microsoft.Storage/storageAccounts`."""
    if "/providers/" not in id_:
        return "Microsoft.Resources/resourceGroups"
    provider, *rest = id_.rpartition("/providers/")[2].split("/")
    return "/".join([provider, *rest[::2]])


def _shown(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
