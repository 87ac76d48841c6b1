"""What an endpoint serves now, and how that has been in the last hour: for whoever is on call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..config import Config, Target
from ..errors import ServiceFailed
from ..workspace.connect import sdk
from ..workspace.endpoints import parsed
from ..workspace.runs import text_of
from .metrics import Source, azure_monitor

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

HOUR = timedelta(hours=1)


def observed(client: MLClient, config: Config, target: Target, endpoint: dict[str, Any]) -> dict[str, Any]:
    """An endpoint's document with its deployments, each with its version, state, share of the traffic and figures.

    `figures` says from when on they are and where from, or why there are none: whoever may not read Azure Monitor
    sees the deployments all the same.
    """
    if endpoint["state"] == "none":
        return {**endpoint, "deployments": [], "figures": None}
    with sdk():
        found = sorted(client.online_deployments.list(endpoint["name"]), key=lambda each: str(each.name))
    since = datetime.now(UTC) - HOUR
    figures: dict[str, Any] = {"since": since.isoformat(timespec="seconds"), "origin": None, "why": ""}
    measured: dict[str, dict[str, Any]] = {}
    try:
        source = azure_monitor(client, config, target)
        names = [str(each.name) for each in found]
        measured = _measured(source, names, since, config.release.canary.objective_ms)
        figures["origin"] = getattr(source, "origin", None)
    except ServiceFailed as error:
        figures["why"] = str(error)
    rows = [
        {
            "name": str(each.name),
            "model": parsed(str(each.model), 0).label if each.model else None,
            "state": text_of(each.provisioning_state),
            "traffic": int(endpoint["traffic"].get(str(each.name), 0)),
            "counts": None,
            "health": None,
            **measured.get(str(each.name), {}),
        }
        for each in found
    ]
    return {**endpoint, "deployments": rows, "figures": figures}


def _measured(source: Source, names: list[str], since: datetime, objective_ms: float) -> dict[str, dict[str, Any]]:
    """Counts and health of each deployment. Raises ServiceFailed where Azure Monitor does not answer."""
    counts = source.counts(names, since, objective_ms) if names else {}
    return {name: {"counts": counts[name].document(), "health": source.health(name).document()} for name in names}
