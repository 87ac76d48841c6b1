"""Reuse of unchanged deterministic steps (rule reuse).

A step is not run again if a step with the same code, command, environment, inputs, parameters and settings
completed before. What lies behind a URI is not looked at: an input is its asset and version, or the URI's
text. A step of a forced run is never a source. Source: learn.microsoft.com, how-to-debug-pipeline-reuse.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ..arm.behaviour import properties
from ..arm.context import Context
from ..arm.ids import ResourceId, workspace_guid
from ..assets.codes import CODE_HASH
from ..assets.environments import recipe_for
from ..runs.references import locate
from ..runs.run import Run
from ..runtimes.build import BuildFailed
from ..storage.registries import asset
from .bindings import Value
from .step import Step


def key(
    context: Context,
    workspace: ResourceId,
    step: Step,
    node_outputs: Mapping[str, Value],
    more: Mapping[str, str] | None = None,
) -> str:
    """What has to be equal for a step to be reused: `node_outputs` are as declared, `more` is what else counts."""
    code = None
    if step.code and (version := asset(context, step.code)):
        code = properties(version)["properties"].get(CODE_HASH, step.code)
    try:
        environment = recipe_for(context, workspace, step.environment).key
    except BuildFailed:
        environment = step.environment
    content = {
        "code": code,
        "command": step.command,
        "environment": environment,
        "inputs": {name: [v.type, v.text, v.mode] for name, v in sorted(step.inputs.items())},
        "outputs": {name: [v.type, v.text, v.mode] for name, v in sorted(node_outputs.items())},
        "variables": dict(sorted(step.variables.items())),
        "timeout": step.timeout,
        **({"distribution": step.distribution.document()} if step.distribution else {}),
        **({"more": dict(more)} if more else {}),
    }
    text = json.dumps(content, sort_keys=True)
    return f"{workspace_guid(workspace)}/{hashlib.sha256(text.encode()).hexdigest()}"


def find(context: Context, workspace: ResourceId, reuse_key: str) -> Run | None:
    """A completed step with this key whose outputs are still there."""
    if not context.parity.holds("reuse"):
        return None
    entry = context.store.read("reuse", reuse_key)
    if entry is None:
        return None
    source = Run(context, workspace.workspace, entry["run_id"])
    if not source.exists or source.status != "Completed":
        return None
    for output in source.record()["outputs"].values():
        if not locate(context, workspace, output["uri"]).on_disk(context).exists():
            return None
    return source


def remember(context: Context, reuse_key: str, run: Run) -> None:
    """Offer a completed step for reuse."""
    context.store.write("reuse", reuse_key, {"run_id": run.id})


def take_over(run: Run, source: Run, node: str) -> None:
    """Write the reused step's record: a run of its own, start = end, with the source's outputs and artifacts."""
    known = source.record()
    moment = run.record()["created"]
    run.advance(
        "Completed",
        started=moment,
        ended=moment,
        outputs=known["outputs"],
        artifacts=known["artifacts"],
        properties={
            **run.record()["properties"],
            "azureml.isreused": "true",
            "azureml.reusedrunid": source.id,
            "azureml.reusednodeid": node,
            "azureml.reusedpipeline": known["root"],
            "azureml.reusedpipelinerunid": known["root"],
        },
    )
