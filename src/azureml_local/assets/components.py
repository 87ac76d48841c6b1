"""Components: the service's spelling of a spec, and its own names for anonymous ones."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.errors import BadRequest
from ..arm.ids import ResourceId
from ..arm.requests import Call
from ..arm.store import Body, Resource
from ..storage.registries import reference_to, versions
from . import environments
from .versions import Version

ANONYMOUS = "azureml_anonymous"
DEFAULT_LABEL = "azureml_default"


class ComponentVersion(Version):
    """A component's code, command and interface are fixed; its description may change."""

    def __init__(self) -> None:
        super().__init__("component", ())

    def store_as(self, call: Call, id: ResourceId, body: Body) -> ResourceId:
        """An anonymous component gets a guid from its content: the same one each time."""
        if id.parent.name != ANONYMOUS:
            return id
        spec = dict((body.get("properties") or {}).get("componentSpec") or {})
        spec.pop("version", None)
        content = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
        return id.parent.child("versions", str(uuid.uuid5(uuid.NAMESPACE_OID, content)))

    def complete(self, context: Context, id: ResourceId, values: Body, existing: Resource | None) -> Body:
        spec = as_text(values.get("componentSpec") or {})
        spec.pop("_source", None)
        for port in (spec.get("inputs") or {}).values():
            port.setdefault("optional", "False")
        if spec.get("type", "command") == "command":
            spec.setdefault("resources", {}).setdefault("instance_count", "1")
        if spec.get("environment"):
            named = environments.check(context, id.workspace, spec["environment"], " that the component names")
            spec["environment"] = reference_to(named.id) if named else spec["environment"]
        anonymous = id.parent.name == ANONYMOUS
        return {
            **values,
            "isAnonymous": anonymous,
            "description": None,
            "componentSpec": spec,
            "provisioningState": "Succeeded",
            "stage": "Logged" if anonymous else "Development",
        }

    def check_unchanged(self, id: ResourceId, values: Body, known: Body) -> None:
        if id.parent.name == ANONYMOUS:
            return  # its version is made from its content
        for field in ("code", "command", "environment", "inputs", "outputs", "type"):
            if values["componentSpec"].get(field) != known["componentSpec"].get(field):
                raise BadRequest(
                    f'Failed to update component {id.parent.name} since field "{field}" is immutable, '
                    "try specifying a new version.",
                    inner=("BadArgument", "ArgumentInvalid", "UpdateComponentFailed"),
                )

    def find(self, context: Context, id: ResourceId) -> Resource | None:
        """The version `azureml_default` is the newest one; its id names the label."""
        if id.name != DEFAULT_LABEL:
            return context.store.get(id)
        found = versions(context, id.parent)
        return found[-1] if found else None


def as_text(value: Any) -> Any:
    """Every scalar of a spec as text, `"True"` and `"0.2"`, as the service keeps them."""
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return value if value is None or isinstance(value, str) else str(value)


def spec_of(resource: Resource) -> dict[str, Any]:
    """The componentSpec of a stored component."""
    spec: dict[str, Any] = properties(resource)["componentSpec"]
    return spec
