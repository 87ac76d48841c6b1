"""The registration as a step of the pipeline: `python -m mlops.registry`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bundle
from .card import card
from .lineage import MODEL_FILE, Evidence, evidence, sha256
from .register import register, run_of, seal

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
    """The step: register what the run evaluated, if the verdict lets it, and its release bundle.

    Stopped anywhere and run again it does what is left. It writes registration.json, lineage.json, model-card.md.
    """
    parser = argparse.ArgumentParser(prog="register")
    for folder in ("model", "evaluation", "verdict"):
        parser.add_argument(f"--{folder}", type=Path, required=True, help="an output of the run")
    parser.add_argument("--provenance", type=Path, required=True, help="where the run comes from")
    parser.add_argument("--serving", type=Path, required=True, help="what an endpoint is to run, as submitted")
    parser.add_argument("--model-name", required=True)
    parser.add_argument("--run", help="the training run (default: the one that this step is part of)")
    parser.add_argument("--registration", type=Path, required=True)
    options = parser.parse_args(arguments)
    if not (options.model / MODEL_FILE).is_file():
        sys.stderr.write("register: the model has no MLmodel file\n")
        return 1
    found = evidence(options.model, options.evaluation, options.verdict, options.provenance)
    if not found.lets_pass:
        reasons = "; ".join(found.verdict["reasons"])
        sys.stderr.write(f"register: the gate's verdict is {found.verdict['decision']}: {reasons}\n")
        return 1
    client, own = _client_of_step(), os.environ["AZUREML_ROOT_RUN_ID"]
    run = run_of(client, options.run or own)
    serving = sha256(options.serving / bundle.SERVING_FILE)
    document = register(client, name=options.model_name, run=run, registering=own, evidence=found, serving=serving)
    memory = found.lineage(document, run)
    document["release"] = _bundled(client, document, options, found, memory)
    seal(client, document["name"], document["version"], serving, document["release"])
    options.registration.mkdir(parents=True, exist_ok=True)
    (options.registration / "model-card.md").write_text(card(memory), encoding="utf-8")
    (options.registration / "lineage.json").write_text(json.dumps(memory, indent=1), encoding="utf-8")
    (options.registration / "registration.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    sys.stdout.write(f"registered {document['name']} version {document['version']}\n")
    return 0


def _bundled(
    client: MLClient,
    document: dict[str, Any],
    options: argparse.Namespace,
    found: Evidence,
    memory: dict[str, Any],
) -> str:
    """The digest of the version's bundle, which is made unless it is there."""
    name, version = document["name"], document["version"]
    if existing := bundle.digest_of(client, name, version):
        return existing
    with tempfile.TemporaryDirectory() as scratch:
        digest = bundle.lay(
            Path(scratch),
            name=name,
            version=version,
            serving=options.serving,
            evaluation=options.evaluation,
            evidence=found,
            memory=memory,
        )
        bundle.keep(client, Path(scratch), name, version, digest)
    return digest


if __name__ == "__main__":
    sys.exit(main())
