"""Where the outputs of a job lie, and `azureml://jobs/J/outputs/O/paths/P`."""

from __future__ import annotations

from ..arm.context import Context
from ..arm.errors import BadRequest, NotFound
from ..arm.ids import ResourceId
from ..storage.places import default_uri
from .run import Run

MODEL_TYPES = ("mlflow_model", "custom_model", "triton_model")
"""The types of outputs that are models; all others are data."""
ARTIFACT_NAMES = ("artifacts", "default")


def declared_uri(
    workspace: ResourceId, run_id: str, name: str, asked: str | None, type_: str = "uri_folder"
) -> str:
    """The URI of an output: the one asked for, with its macros filled in, or the service's default."""
    if not asked:
        return default_uri(workspace, f"azureml/{run_id}/{name}{'' if type_ == 'uri_file' else '/'}")
    return asked.replace("${{name}}", run_id).replace("${{output_name}}", name)


def output_uri(context: Context, workspace: ResourceId, job: str, name: str, rest: str | None) -> str:
    """The datastore URI behind `azureml://jobs/<job>/outputs/<name><rest>`.

    `rest` is what follows the output's name. Without the last slash, `/paths` names a blob called `paths`
    (rule model-path-slash). Raises NotFound for an unknown job or output.
    """
    run = Run(context, workspace.workspace, job)
    if not run.exists:
        raise NotFound(f"The job {job} does not exist in the workspace '{workspace.name}'.", inner=("NotFound",))
    source = context.store.read("run", run.key) or {}
    path = _path(context, rest or "")
    if name in source["outputs"]:
        base = str(source["outputs"][name]["uri"])
    elif name in ARTIFACT_NAMES:
        base = f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{source['artifacts']}/"
    else:
        known = ", ".join(source["outputs"]) or "none"
        raise NotFound(f"The job {job} has no output {name}; it has: {known}.", inner=("NotFound",))
    return base.rstrip("/") + "/" + path if path or base.endswith("/") else base


def _path(context: Context, rest: str) -> str:
    if rest == "/paths" and context.parity.holds("model-path-slash"):
        return "paths"
    if rest in ("", "/", "/paths"):
        return ""
    if not rest.startswith("/paths/"):
        raise BadRequest(f"The path of a job's output has the form …/outputs/NAME/paths/PATH, not {rest}.")
    return rest.removeprefix("/paths/")
