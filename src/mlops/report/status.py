"""What there is: runs, versions, the endpoint; or one run with its steps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..config import Config, Target
from ..output import table
from ..workspace import logs, models, runs
from ..workspace.connect import sdk

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

LAST_RUNS = 10


def everything(client: MLClient, config: Config, target: Target) -> dict[str, Any]:
    """The last runs, the registered versions and the endpoint of a target."""
    from azure.core.exceptions import ResourceNotFoundError

    name = config.project.model
    with sdk():
        jobs = [
            {"job": j.name, "experiment": j.experiment_name, "status": runs.status_of(j)}
            for j, _ in zip(client.jobs.list(max_results=LAST_RUNS), range(LAST_RUNS), strict=False)
        ]
    versions = []
    for version in models.versions(client, name):
        model = models.find(client, name, version)
        versions.append({"version": version, **_described(dict(model.tags or {}))})
    with sdk():
        try:
            found = client.online_endpoints.get(target.endpoint)
        except ResourceNotFoundError:
            found = None
    endpoint = {
        "name": target.endpoint,
        "state": runs.text_of(found.provisioning_state) if found else "none",
        "traffic": dict(found.traffic) if found else {},
        "scoring_uri": found.scoring_uri if found else None,
    }
    return {
        "runs": jobs,
        "model": name,
        "metrics": list(config.gate.floors),
        "versions": versions,
        "endpoint": endpoint,
    }


def _described(tags: dict[str, str]) -> dict[str, Any]:
    """What the tags of a version say: which run made it, on which data, of which family, and its metrics."""
    known = {name: tags.pop(name, "") for name in ("run", "data", "family")}
    return {
        **known,
        "metrics": {name: number for name, text in tags.items() if (number := _float(text)) is not None},
    }


def _float(text: str) -> float | None:
    """The number that a tag holds; None where it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def run(client: MLClient, job: str) -> dict[str, Any]:
    """One run: its status, its steps, and why it failed."""
    status = runs.status_of(runs.job_of(client, job))
    steps = [
        {"step": step.name, "id": step.id, "status": step.status, "reused": step.reused}
        for step in runs.steps_of(client, job)
    ]
    reason = logs.failure(client, job) if status in ("Failed", "Canceled") else ""
    return {"job": job, "status": status, "steps": steps, "reason": reason}


def lines(document: dict[str, Any], *, markdown: bool = False) -> list[str]:
    """Either document as text."""
    if "steps" in document:
        rows = [(s["step"], "Reused" if s["reused"] else s["status"], s["id"]) for s in document["steps"]]
        ending = ["", f"reason: {document['reason']}"] if document["reason"] else []
        return [
            f"{document['job']}: {document['status']}",
            "",
            *table(("step", "status", "id"), rows, markdown=markdown),
            *ending,
        ]
    jobs = [(j["job"], j["status"], j["experiment"]) for j in document["runs"]]
    metrics = document["metrics"]  # those with a floor; the document has all of each version
    versions = [
        (v["version"], v["family"], v["data"], *(_number(v["metrics"].get(metric)) for metric in metrics))
        for v in document["versions"]
    ]
    return [
        *table(("run", "status", "experiment"), jobs, markdown=markdown),
        "",
        *table((f"{document['model']} version", "family", "data", *metrics), versions, markdown=markdown),
        "",
        *_endpoint(document["endpoint"], markdown=markdown),
    ]


def _endpoint(endpoint: dict[str, Any], *, markdown: bool) -> list[str]:
    """The endpoint, and what each of its deployments answered in the last hour."""
    traffic = ", ".join(f"{name} {share} %" for name, share in endpoint["traffic"].items()) or "no traffic"
    first = f"endpoint {endpoint['name']}: {endpoint['state']}, {traffic}"
    if not endpoint.get("deployments"):
        return [first]
    figures = endpoint["figures"]
    known = f"the last hour, by Azure Monitor's {figures['origin']}"
    said = f"no figures: {figures['why']}" if figures["why"] else known
    head = ("deployment", "traffic", "state", "requests", "errors", "p50 ms", "p99 ms", "ready")
    rows = [
        (each["name"], f"{each['traffic']} %", each["state"], *_counted(each["counts"]), _ready(each["health"]))
        for each in endpoint["deployments"]
    ]
    return [first, "", *table(head, rows, markdown=markdown), "", said]


def _counted(counts: dict[str, Any] | None) -> tuple[str, ...]:
    if counts is None:
        return ("?",) * 4
    latencies = (counts["p50_ms"], counts["p99_ms"])
    shown = ("" if value is None else f"{value:.1f}" for value in latencies)
    return (str(counts["requests"]), str(counts["errors"]), *shown)


def _ready(health: dict[str, Any] | None) -> str:
    """How many instances are ready, of how many; restarts only where there were some."""
    if health is None or not health["instances"]:
        return "?"
    restarts = f", {health['restarts']} restarts" if health["restarts"] else ""
    return f"{health['ready']}/{health['instances']}{restarts}"
