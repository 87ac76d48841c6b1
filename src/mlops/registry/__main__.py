"""The registration as a step of the pipeline: `python -m mlops.registry`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .register import evaluate_step, hash_of, register

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


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
        files=hash_of(options.model),
    )
    options.registration.mkdir(parents=True, exist_ok=True)
    (options.registration / "registration.json").write_text(json.dumps(document, indent=1))
    sys.stdout.write(f"registered {document['name']} version {document['version']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
