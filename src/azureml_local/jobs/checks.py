"""What is checked of every job when it is put."""

from __future__ import annotations

import re

from ..arm.context import Context
from ..arm.errors import BadRequest
from ..arm.ids import ResourceId
from ..arm.store import Body

PORT = re.compile(r"[A-Za-z_]\w*", re.ASCII)
SERVERLESS = "serverless"
OBJECTS = ("inputs", "outputs", "jobs", "settings", "limits", "environmentVariables", "tags", "properties")
"""Members of a job that are objects, where they are there."""


def check_form(values: Body) -> None:
    """A job that could be stored but not be run, or not even be shown, is none. Raises BadRequest."""
    wrong = [name for name in OBJECTS if not isinstance(values.get(name) or {}, dict)]
    inputs, nodes = ({} if side in wrong else values.get(side) or {} for side in ("inputs", "jobs"))
    wrong += [f"inputs.{name}" for name, item in inputs.items() if not isinstance(item, dict)]
    wrong += [f"jobs.{name}" for name, node in nodes.items() if not isinstance(node, dict)]
    for name, node in nodes.items():
        sides = (side for side in ("inputs", "outputs") if isinstance(node, dict))
        wrong += [f"jobs.{name}.{side}" for side in sides if not isinstance(node.get(side) or {}, dict)]
    if wrong:
        raise BadRequest(
            "Request is invalid and/or missing fields.",
            inner=("RequestInvalid",),
            details=tuple(("RequestInvalid", f"The member '{name}' must be an object.") for name in wrong),
        )
    for part in (values, *nodes.values()):
        _check_names(part)


def _check_names(values: Body) -> None:
    """Names of inputs and outputs become names of folders and variables."""
    for side in ("inputs", "outputs"):
        for name in values.get(side) or {}:
            if not PORT.fullmatch(name):
                raise BadRequest(
                    f"The name '{name}' of the {side} is not valid: letters, digits and underscores.",
                    inner=("BadArgument",),
                )


def check_compute(context: Context, workspace: ResourceId, reference: object) -> None:
    """A compute that a job names is there; none, or `serverless`, always is. Raises BadRequest."""
    name = str(reference or "").rpartition("/")[2].removeprefix("azureml:")
    if name and name != SERVERLESS and context.store.get(workspace.child("computes", name)) is None:
        raise BadRequest(f"Unknown compute target '{name}'.", inner=("BadArgument",))
