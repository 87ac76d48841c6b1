"""The whole loop, told while it runs: data, training, gate, registration, deployment, scores, a curl line."""

from __future__ import annotations

import hashlib
import json
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import data, training
from .config import Config, Target
from .output import table
from .release import apply, scoring
from .report import evidence
from .workspace import models
from .workspace.connect import pages, sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

KEY_FILE = "endpoint-key"
REQUEST_FILE = "request.json"


@dataclass(frozen=True)
class Result:
    """What the demo ends with."""

    document: dict[str, Any]
    lines: list[str]


def tell(
    client: MLClient,
    config: Config,
    name: str,
    say: Callable[[str], None],
    path: Path | None,
    settings: Mapping[str, Any] | None = None,
    *,
    began: float | None = None,
    train_only: bool = False,
    run: str | None = None,
    markdown: bool = False,
) -> Result:
    """Run the loop on `path`, or on generated data, and return what a person wants to see at its end.

    `name` is the target's; `settings` are those of training (default: those of mlops.toml). With `train_only` it
    ends with the gate's verdict: nothing is registered or deployed. `run` names the run. `began` is when a
    person began to wait, by time.monotonic() (now).
    """
    began = time.monotonic() if began is None else began
    target = config.target(name)
    landed = path or _generated(config, say)
    say(f"1  data: checking {landed.name} against the contract")
    published = data.publish(client, config, landed, as_of=data.LAST if config.data.max_age_days else None)
    landed_rows = published.validation["rows"]
    aged = f", as of {published.as_of}" if published.as_of else ""
    say(f"   {published.name}:{published.version}, {landed_rows} rows{aged}")
    settings = config.training.settings if settings is None else settings
    request = training.Request(published, settings, published.as_of, register=not train_only, name=run)
    job = training.submit(client, config, target, request)
    say(f"2  training: run {job}")
    trained = training.follow(client, job, lambda line: say(f"   {line}"))
    registration = trained.registration
    if registration is None:
        document: dict[str, Any] = {"job": job, "evaluation": trained.evaluation, "verdict": trained.verdict}
        return Result(document, evidence.lines(trained.evaluation, trained.verdict, markdown=markdown))
    version = int(registration["version"])
    say(f"3  registered: {registration['name']} version {version}")
    say("4  deployment")
    model = models.find(client, config.project.model, version)
    deployed = apply.deploy(client, config, name, model, lambda line: say(f"   {line}"))
    examples = scoring.examples_of(client, model)
    answer = scoring.invoke(client, target.endpoint, examples.request)
    examples.compare(answer, f"the endpoint {target.endpoint}")
    rows = examples.request["data"]
    say(f"5  scored {len(rows)} rows; all of it took {time.monotonic() - began:.0f} s")
    document = {
        "job": job,
        "model": registration["name"],
        "version": version,
        "metrics": registration["metrics"],
        "evaluation": trained.evaluation,
        "verdict": trained.verdict,
        "reused": [step.name for step in trained.steps if step.reused],
        "endpoint": deployed.scoring_uri,
        "scores": answer["scores"],
        "curl": _curl(client, config, target, deployed.scoring_uri, examples.request),
        "pages": pages(config),
    }
    return Result(document, _lines(trained, rows, document))


def _generated(config: Config, say: Callable[[str], None]) -> Path:
    """The demo's data, generated once for each generator and its arguments."""
    said = ", ".join(f"{name} {value}" for name, value in config.demo.items())
    digest = hashlib.sha256(f"{config.project.generator} {said}".encode()).hexdigest()[:8]
    folder = config.demo_files / "landed" / f"{config.data.asset}-{digest}"
    if not data.generated(config, folder).exists():
        say(f"0  generating {config.data.asset}" + (f": {said}" if said else ""))
    return data.generate(config, folder)[0]


def _curl(client: MLClient, config: Config, target: Target, uri: str, request: dict[str, Any]) -> str:
    """A line that works. The key stays in a file of its owner's; a process list shows no secret."""
    folder = config.demo_files
    folder.mkdir(exist_ok=True)
    with sdk():
        key = client.online_endpoints.get_keys(target.endpoint).primary_key
    secret = folder / KEY_FILE
    secret.touch(mode=0o600)
    secret.write_text(f"Authorization: Bearer {key}\n")
    file = folder / REQUEST_FILE
    file.write_text(json.dumps(request))
    authority = config.local_home / "certificates" / "ca.pem"
    words = ["curl", "--cacert", str(authority), "-H", f"@{secret}", "-H", "Content-Type: application/json"]
    return shlex.join([*words, "--data", f"@{file}", uri])


def _lines(trained: training.Trained, rows: list[dict[str, Any]], document: dict[str, Any]) -> list[str]:
    first = next(iter(rows[0]))
    scores = table(
        (first, "score"), [(row[first], f"{s:.4f}") for row, s in zip(rows, document["scores"], strict=True)]
    )
    metrics = ", ".join(f"{name} {value:.4f}" for name, value in document["metrics"].items())
    return [
        "",
        *evidence.lines(trained.evaluation, trained.verdict),
        "",
        f"{document['model']} version {document['version']}: {metrics}",
        "",
        *scores,
        "",
        f"The endpoint answers at {document['endpoint']} (make stop ends it):",
        "",
        document["curl"],
        "",
        "Runs, models and endpoints to look at (once; mlops local status gives another address):",
        "",
        document["pages"],
    ]
