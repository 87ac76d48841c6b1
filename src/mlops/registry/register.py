"""Register the model of a run: the last step of the training pipeline, and `mlops register`.

A version is made from the evaluated model's output (`azureml://jobs/…/outputs/model/paths/`), never from a
tracking run: Azure's tracking server refuses that with MLflow 3. A model is registered once: run again for the
same output, this finds the version that it made.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

SOURCE = "source_job"
"""The tag with the step whose output the version is."""


def register(
    client: MLClient, *, name: str, source_job: str, run: str, evaluation: dict[str, Any], data: str
) -> dict[str, Any]:
    """The version of the model that `source_job` wrote, registered now unless it was before.

    `run` is the pipeline run, `data` the asset it was trained on. Returns a document of schema registration/1.
    """
    version = find(client, name, source_job)
    if version is None:
        version = _create(client, name, source_job, run, evaluation, data)
    return {
        "schema": "registration/1",
        "name": name,
        "version": version,
        "run": run,
        SOURCE: source_job,
        "data": data,
        "metrics": evaluation["metrics"],
    }


def find(client: MLClient, name: str, source_job: str) -> int | None:
    """The version that was made from this job's output. Versions are numbers; the highest one counts."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        versions = list(client.models.list(name=name))
    except ResourceNotFoundError:
        return None
    same = [int(model.version) for model in versions if (model.tags or {}).get(SOURCE) == source_job]
    return max(same, default=None)


def _create(client: MLClient, name: str, source_job: str, run: str, evaluation: dict[str, Any], data: str) -> int:
    from azure.ai.ml.entities import Model

    tags = {SOURCE: source_job, "run": run, "data": data, "family": str(evaluation["selected"])}
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


def _client_of_step() -> MLClient:
    """A client for the workspace that this step runs in, as the identity that it runs as."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    # A node with a managed identity of its user's needs to be told which one.
    if "DEFAULT_IDENTITY_CLIENT_ID" in os.environ:
        os.environ.setdefault("AZURE_CLIENT_ID", os.environ["DEFAULT_IDENTITY_CLIENT_ID"])
    return MLClient(
        DefaultAzureCredential(),
        os.environ["AZUREML_ARM_SUBSCRIPTION"],
        os.environ["AZUREML_ARM_RESOURCEGROUP"],
        os.environ["AZUREML_ARM_WORKSPACE_NAME"],
    )


def main(arguments: list[str] | None = None) -> int:
    """The step: register what the run evaluated, if the verdict lets it, and write registration.json."""
    parser = argparse.ArgumentParser(prog="register")
    parser.add_argument("--model", type=Path, required=True, help="the evaluated model, to see that it is there")
    parser.add_argument("--evaluation", type=Path, required=True)
    parser.add_argument("--verdict", type=Path, required=True)
    parser.add_argument("--model-name", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--registration", type=Path, required=True)
    options = parser.parse_args(arguments)
    verdict = json.loads((options.verdict / "verdict.json").read_text())
    if verdict["decision"] != "pass":
        sys.stderr.write(f"register: the gate refused the candidate: {'; '.join(verdict['reasons'])}\n")
        return 1
    if not (options.model / "MLmodel").is_file():
        sys.stderr.write("register: the model has no MLmodel file\n")
        return 1
    client, run = _client_of_step(), os.environ["AZUREML_ROOT_RUN_ID"]
    document = register(
        client,
        name=options.model_name,
        source_job=evaluate_step(client, run),
        run=run,
        evaluation=json.loads((options.evaluation / "evaluation.json").read_text()),
        data=options.data,
    )
    options.registration.mkdir(parents=True, exist_ok=True)
    (options.registration / "registration.json").write_text(json.dumps(document, indent=1))
    sys.stdout.write(f"registered {document['name']} version {document['version']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
