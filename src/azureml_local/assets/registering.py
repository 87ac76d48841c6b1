"""Outputs that name an asset: registered when the step that wrote them completes, by the rules of their types."""

from __future__ import annotations

from collections.abc import Mapping

from ..arm import handlers
from ..arm.principals import NOBODY
from ..arm.store import Body
from ..arm.types import Types
from ..runs.outputs import MODEL_TYPES
from ..runs.run import Run


def register_outputs(run: Run, declared: Mapping[str, Body]) -> None:
    """Register the outputs of `run` whose declaration has an asset name; without a version, the next one.

    Once: a run that is taken up again after a restart has written down what it registered. Raises ServiceError
    where a version is there already and is something else.
    """
    outputs = run.record()["outputs"]
    for name, item in declared.items():
        asset = item.get("assetName") or item.get("asset_name") or item.get("name")
        if not asset or name not in outputs or name in run.record().get("registered", {}):
            continue
        version = str(item.get("assetVersion") or item.get("asset_version") or item.get("version") or "")
        with run.context.store.transaction():
            made = _register(run, name, str(asset), version)
            run.note(registered={**run.record().get("registered", {}), name: made})


def _register(run: Run, name: str, asset: str, version: str) -> str:
    """Put one output as the version of an asset; its id."""
    output = run.record()["outputs"][name]
    if output["type"] in MODEL_TYPES:
        kind = "models"
        uri = f"azureml://jobs/{run.id}/outputs/{name}/paths/"
        body = {"modelUri": uri, "modelType": output["type"]}
    else:
        kind, body = "data", {"dataUri": output["uri"], "dataType": output["type"]}
    container = run.workspace.child(kind, asset)
    target = container.child("versions", version or _next(run, kind, asset))
    return str(handlers.put(run.context, target, {"properties": body}, NOBODY).id)


def _next(run: Run, kind: str, asset: str) -> str:
    container = run.context.store.get(run.workspace.child(kind, asset))
    if container is None:
        return "1"
    behaviour = run.context.part(Types).of(container.id)
    view = behaviour.view(run.context, container)
    return str(view["properties"]["nextVersion"])
