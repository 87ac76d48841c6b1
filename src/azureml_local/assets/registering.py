"""Outputs that name an asset: registered when the step that wrote them completes."""

from __future__ import annotations

from collections.abc import Mapping

from ..arm.behaviour import Behaviour
from ..arm.context import system_data
from ..arm.ids import ResourceId
from ..arm.store import Body
from ..runs.run import Run

MODEL_TYPES = ("mlflow_model", "custom_model", "triton_model")


def register_outputs(run: Run, declared: Mapping[str, Body]) -> None:
    """Register the outputs of `run` whose declaration has an asset name; without a version, the next one."""
    from ..server.types import TYPES

    outputs, store = run.record()["outputs"], run.context.store
    for name, item in declared.items():
        asset = item.get("assetName") or item.get("asset_name") or item.get("name")
        if not asset or name not in outputs:
            continue
        type_, uri = outputs[name]["type"], outputs[name]["uri"]
        kind = "models" if type_ in MODEL_TYPES else "data"
        container = run.workspace.child(kind, str(asset))
        with store.transaction():
            if store.get(container) is None:
                store.put(container, {"properties": {}, "systemData": system_data()})
            asked = item.get("assetVersion") or item.get("asset_version") or item.get("version")
            version = str(asked or _next(run, container, TYPES[f"workspaces/{kind}"]))
            body = (
                {"modelUri": uri, "modelType": type_, "jobName": run.id, "flavors": {}}
                if kind == "models"
                else {"dataUri": uri, "dataType": type_}
            )
            values = {"isArchived": False, "isAnonymous": False, "tags": {}, "properties": {}, **body}
            store.put(container.child("versions", version), {"properties": values, "systemData": system_data()})


def _next(run: Run, container: ResourceId, behaviour: Behaviour) -> str:
    resource = run.context.store.get(container)
    if resource is None:
        return "1"
    return str(behaviour.view(run.context, resource)["properties"]["nextVersion"])
