"""Register the model of a run.

A version is made from the evaluated model's output (`azureml://jobs/…/outputs/model/paths/`), never from a
tracking run: Azure's tracking server refuses that with MLflow 3. A model is registered once: run again for the
same output, or for the same files (a model that was judged again, against a new champion), this finds its version.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SOURCE = "source_job"
"""The tag with the step whose output the version is."""
FILES = "files_sha256"
"""The tag with the hash of the model's files."""


def register(
    client: MLClient,
    *,
    name: str,
    source_job: str,
    run: str,
    evaluation: dict[str, Any],
    data: str,
    files: str = "",
) -> dict[str, Any]:
    """The version of the model that `source_job` wrote, registered now unless it was before.

    `run` is the pipeline run, `data` the asset it was trained on, `files` the hash of the model's files where it
    is known. Returns a document of schema registration/1.
    """
    version = find(client, name, source_job, files)
    if version is None:
        version = _create(client, name, source_job, run, evaluation, data, files)
    return {
        "schema": "registration/1",
        "name": name,
        "version": version,
        "run": run,
        SOURCE: source_job,
        "data": data,
        "metrics": evaluation["metrics"],
    }


def find(client: MLClient, name: str, source_job: str, files: str = "") -> int | None:
    """The version that was made from this job's output or has these files; of several the highest number."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        versions = list(client.models.list(name=name))
    except ResourceNotFoundError:
        return None
    found = [(int(model.version), model.tags or {}) for model in versions]
    same = [
        number for number, tags in found if tags.get(SOURCE) == source_job or (files and tags.get(FILES) == files)
    ]
    return max(same, default=None)


def hash_of(folder: Path) -> str:
    """SHA-256 over the names and contents of a folder's files."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _create(
    client: MLClient, name: str, source_job: str, run: str, evaluation: dict[str, Any], data: str, files: str
) -> int:
    from azure.ai.ml.entities import Model

    tags = {SOURCE: source_job, "run": run, "data": data, "family": str(evaluation["selected"])}
    tags |= {FILES: files} if files else {}
    tags |= {metric: f"{value:.6f}" for metric, value in evaluation["metrics"].items()}
    model = client.models.create_or_update(
        Model(
            name=name,
            path=f"azureml://jobs/{source_job}/outputs/model/paths/",
            type="mlflow_model",
            tags=tags,
            description=f"{evaluation['selected']}, trained on {data} by the run {run}",
        )
    )
    return int(model.version)


def evaluate_step(client: MLClient, run: str) -> str:
    """The id of the run that wrote the model: the pipeline's evaluate step, or the one it was reused from."""
    for child in client.jobs.list(parent_job_name=run):
        if child.display_name == "evaluate":
            return str((child.properties or {}).get("azureml.reusedrunid") or child.name)
    raise LookupError(f"the run {run} has no step evaluate")
