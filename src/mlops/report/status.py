"""What there is: runs, versions, the endpoint; or one run with its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config import Config, Target
from ..errors import BadInput
from ..output import table
from ..workspace import models, runs
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
        versions.append({"version": version, **{k: v for k, v in (model.tags or {}).items() if k != "source_job"}})
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
    return {"runs": jobs, "model": name, "versions": versions, "endpoint": endpoint}


def run(client: MLClient, job: str) -> dict[str, Any]:
    """One run: its status, its steps, and why it failed."""
    from azure.core.exceptions import ResourceNotFoundError

    with sdk():
        try:
            status = runs.status_of(client.jobs.get(job))
        except ResourceNotFoundError as error:
            raise BadInput(f"there is no job {job}", "mlops status lists the last ones") from error
    steps = [
        {"step": step.name, "id": step.id, "status": step.status, "reused": step.reused}
        for step in runs.steps_of(client, job)
    ]
    reason = runs.failure(client, job) if status in ("Failed", "Canceled") else ""
    return {"job": job, "status": status, "steps": steps, "reason": reason}


def lines(document: dict[str, Any]) -> list[str]:
    """Either document as text."""
    if "steps" in document:
        rows = [
            (s["step"], s["status"] + (" (reused)" if s["reused"] else ""), s["id"]) for s in document["steps"]
        ]
        ending = ["", f"reason: {document['reason']}"] if document["reason"] else []
        return [
            f"{document['job']}: {document['status']}",
            "",
            *table(("step", "status", "id"), rows),
            *ending,
        ]
    jobs = [(j["job"], j["status"], j["experiment"]) for j in document["runs"]]
    metrics = sorted({key for v in document["versions"] for key in v} - {"version", "run", "data", "family"})
    versions = [
        (v["version"], v.get("family", ""), v.get("data", ""), *(v.get(m, "") for m in metrics))
        for v in document["versions"]
    ]
    endpoint = document["endpoint"]
    traffic = ", ".join(f"{name} {share} %" for name, share in endpoint["traffic"].items()) or "no traffic"
    return [
        *table(("run", "status", "experiment"), jobs),
        "",
        *table((f"{document['model']} version", "family", "data", *metrics), versions),
        "",
        f"endpoint {endpoint['name']}: {endpoint['state']}, {traffic}",
    ]
