"""A deployment in Azure: a deployment stack through `az`, and a what-if that only reads.

`--action-on-unmanage detachAll`: a stack deletes without regard to dependencies, and an endpoint that a later
deployment no longer names must stay. `--deny-settings-mode none`: deny settings also refuse POST requests to child
resources, on which jobs and endpoints depend. Sources: Azure/deployment-stacks#173, #183; Azure/bicep#18419.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import tools
from .changes import Change
from .direct import Outcome

ACTIONS = {"Create": "create", "Modify": "change", "Delete": "change", "Deploy": "change"}
NOISE = (
    ("microsoft.machinelearningservices/workspaces", "", "Delete"),
    ("microsoft.insights/components", "properties.Flow_Type", ""),
    ("microsoft.insights/components", "properties.Request_Source", ""),
    ("microsoft.authorization/roleassignments", "properties.principalId", ""),
)
"""(type, path, kind of change) that a what-if reports of an unchanged template; "" is any. Seen 2026-08."""


def apply(parameters: Path, name: str, subscription: str, location: str, variables: Mapping[str, str]) -> Outcome:
    """Deploy a parameter file as a stack. Raises ServiceFailed in Azure's words."""
    said = tools.run(
        "az",
        *("stack", "sub", "create"),
        *("--name", name),
        *("--location", location),
        *("--subscription", subscription),
        *("--parameters", str(parameters)),
        *("--action-on-unmanage", "detachAll"),
        *("--deny-settings-mode", "none"),
        *("--yes", "--output", "json"),
        environment=variables,
    )
    stack = json.loads(said or "{}")
    properties = stack.get("properties") or stack
    outputs = {key: each["value"] for key, each in (properties.get("outputs") or {}).items()}
    detached = [each["id"] for each in properties.get("detachedResources") or []]
    changes = [Change(each["id"], _type_of(each["id"]), "keep") for each in properties.get("resources") or []]
    return Outcome(changes, detached, outputs)


def plan(parameters: Path, name: str, subscription: str, location: str, variables: Mapping[str, str]) -> Outcome:
    """What a deployment would change. Needs Reader and the two actions of the role `plan`, nothing that writes."""
    said = tools.run(
        "az",
        *("deployment", "sub", "what-if"),
        *("--name", name),
        *("--location", location),
        *("--subscription", subscription),
        *("--parameters", str(parameters)),
        *("--validation-level", "ProviderNoRbac"),
        *("--no-pretty-print", "--output", "json"),
        environment=variables,
    )
    changes = [_change(each) for each in json.loads(said or "{}").get("changes") or []]
    return Outcome([each for each in changes if each])


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
