"""Register the model of a run, and its release bundle.

A version is made from the evaluated model's output (`azureml://jobs/…/outputs/model/paths/`), never from a
tracking run: Azure's tracking server refuses that with MLflow 3. A model is registered once: run again for the
same output, or for the same files (a model that was judged again, against a new champion), this finds its version.
The same model that is to be served otherwise (another scoring script, environment or setting) is another version.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .bundle import RELEASE, SERVING, tagged
from .lineage import Evidence

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SOURCE = "source_job"
"""The tag with the step whose output the version is."""
REGISTERING = "registering_run"
"""The tag with the run whose output `registration` holds lineage.json and model-card.md."""
FILES = "files_sha256"
"""The tag with the hash of the model's files."""


def register(
    client: MLClient, *, name: str, run: dict[str, Any], registering: str, evidence: Evidence, serving: str
) -> dict[str, Any]:
    """The version of the model that a run evaluated, registered now unless it was before.

    `run` is that of `run_of`, `registering` the run that registers: mostly the same; `serving` is the SHA-256 of
    serving.json. Returns a document of schema registration/1.
    """
    data = evidence.provenance["data"]
    files = evidence.artifact["folder_sha256"]
    version = find(client, name, run[SOURCE], files, serving)
    existed = version is not None
    if version is None:
        version = _create(client, name, run, registering, evidence, serving)
    return {
        "schema": "registration/1",
        "name": name,
        "version": version,
        "existed": existed,
        "registered": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": run["name"],
        SOURCE: run[SOURCE],
        "data": f"{data['name']}:{data['version']}",
        "metrics": evidence.metrics,
    }


def find(client: MLClient, name: str, source_job: str, files: str, serving: str) -> int | None:
    """The version that was made from this job's output or has these files, and is served like this.

    Of several the highest number; one that was registered before releases were pinned where there is no other.
    """
    from azure.core.exceptions import ResourceNotFoundError

    try:
        versions = list(client.models.list(name=name))
    except ResourceNotFoundError:
        return None
    found = [(int(model.version), model.tags or {}) for model in versions]
    same = [each for each in found if each[1].get(SOURCE) == source_job or each[1].get(FILES) == files]
    pinned = [number for number, tags in same if tags.get(SERVING) == tagged(serving)]
    return max(pinned or [number for number, tags in same if SERVING not in tags], default=None)


def seal(client: MLClient, name: str, version: int, serving: str, release: str) -> None:
    """Tag a version with the digest of its bundle, which is there: from now on it can be released."""
    model = client.models.get(name, version=str(version))
    known = dict(model.tags or {})
    tags = {**known, SERVING: tagged(serving), RELEASE: tagged(release)}
    if tags != known:
        model.tags = tags
        client.models.create_or_update(model)


def _create(
    client: MLClient, name: str, run: dict[str, Any], registering: str, evidence: Evidence, serving: str
) -> int:
    from azure.ai.ml.entities import Model

    tags = {SOURCE: run[SOURCE], "run": run["name"], REGISTERING: registering, SERVING: tagged(serving)}
    tags |= {FILES: evidence.artifact["folder_sha256"], **evidence.facts()}
    model = client.models.create_or_update(
        Model(
            name=name,
            path=f"azureml://jobs/{run[SOURCE]}/outputs/model/paths/",
            type="mlflow_model",
            tags=tags,
            description=f"{tags['family']}, trained on {tags['data']} by the run {run['name']}",
        )
    )
    return int(model.version)


def run_of(client: MLClient, name: str) -> dict[str, Any]:
    """What the service says of a training run: who began it and when, its steps, and which job wrote the model.

    A step that was reused names the run that it was reused from; files lie there.
    """
    created = client.jobs.get(name).creation_context
    steps = [
        {
            "step": str(child.display_name),
            "run": str(child.name),
            "reused_from": (child.properties or {}).get("azureml.reusedrunid"),
        }
        for child in client.jobs.list(parent_job_name=name)
    ]
    evaluated = next((step for step in steps if step["step"] == "evaluate"), None)
    if evaluated is None:
        raise LookupError(f"the run {name} has no step evaluate")
    return {
        "name": name,
        "created_by": created.created_by,
        "created_at": str(created.created_at),
        SOURCE: evaluated["reused_from"] or evaluated["run"],
        "steps": steps,
    }
