"""Why two versions of a model differ: by how much, where, what changed, and what of it each change explains."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import Config, Target
from ..errors import RunFailed
from ..provenance import code_of
from ..workspace import environments, logs, runs
from ..workspace.connect import sdk
from .changes import changes
from .memory import Version
from .shares import Recipe, recipe, shares, trials

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

LEVEL = "0.95"
"""The two-sided level of the intervals that say whether a difference is one."""
NEWER, OLDER, UNDECIDED = "newer", "older", "undecided"


def compare(
    client: MLClient,
    config: Config,
    target: Target,
    older: Version,
    newer: Version,
    report: runs.Report,
    *,
    explain: bool = True,
) -> dict[str, Any]:
    """The comparison of two versions on the test rows of the newer one, a document of schema comparison/1.

    Where the older one was the newer one's champion the difference is known; else both are scored again by a run.
    With `explain` that run also trains the combinations that the shares need. Raises RunFailed.
    """
    changed = changes(config, older.lineage, newer.lineage)
    combinations = trials(older.lineage, newer.lineage, changed) if explain else {}
    evaluation = newer.lineage["evaluation"]
    champion = evaluation.get("champion") or {}
    known = champion.get("name") == older.title and "values" in champion
    run, values = None, {}
    if combinations or not known:
        run = _submit(client, config, target, older, newer, combinations)
        report(f"run {run} trains {', '.join(combinations)}" if combinations else f"run {run} scores both again")
        if (status := runs.wait(client, run, report)) != "Completed":
            hint = "mlops compare --no-shares trains nothing" if combinations else f"mlops logs {run}"
            raise RunFailed(f"the run {run} is {status}: {logs.failure(client, run)}", hint)
        if not known:
            evaluation = runs.read_output(client, run, "difference", "evaluation.json")
    primary = str(evaluation["primary"])
    if combinations and run:
        scored = runs.read_output(client, run, "shares", "evaluation.json")["candidates"]
        names = ["newer", "older", *combinations]
        values = {name: each["metrics"][primary] for name, each in zip(names, scored, strict=True)}
    elif explain:
        values = {
            "newer": evaluation["candidate"]["values"][primary],
            "older": evaluation["champion"]["values"][primary],
        }
    code = code_of(config.root)
    return {
        "schema": "comparison/1",
        "older": older.title,
        "newer": newer.title,
        "title": evaluation.get("title", ""),
        "run": run,
        "metrics": list(_metrics(evaluation)),
        "slices": list(_slices(evaluation)),
        "changed": changed,
        "primary": primary,
        "shares": shares(values, changed) if values else None,
        "measured_by": {
            "commit": code.commit or None,
            "dirty": code.dirty,
            "is_newer": _is_code_of(newer, code.commit),
        },
    }


def _is_code_of(version: Version, commit: str) -> bool:
    return bool(version.lineage["provenance"]["code"]["commit"] == commit)


def _metrics(evaluation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each metric of both versions, the difference with its interval, and for whom it speaks."""
    for comparison in evaluation["comparisons"]:
        if comparison["reference"] != "champion":
            continue
        name = comparison["metric"]
        about = evaluation["metrics"][name]
        yield {
            "metric": name,
            "title": about["title"],
            "digits": about["digits"],
            "older": evaluation["champion"]["values"][name],
            "newer": evaluation["candidate"]["values"][name],
            "difference": comparison["value"],
            "interval": comparison["intervals"][LEVEL],
            "better": better(comparison["intervals"][LEVEL], about["direction"]),
        }


def _slices(evaluation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each group of rows, and which version is better there on the primary metric."""
    primary = evaluation["primary"]
    about = evaluation["metrics"][primary]
    for each in evaluation.get("slices") or []:
        comparison = each.get("comparison")
        if not each["assessed"] or not comparison:
            yield {
                "slice": each["slice"],
                "group": each["group"],
                "better": "not assessed",
                "reason": each["reason"],
            }
            continue
        yield {
            "slice": each["slice"],
            "group": each["group"],
            "digits": about["digits"],
            "older": each["champion"][primary],
            "newer": each["values"][primary],
            "difference": comparison["value"],
            "interval": comparison["intervals"][LEVEL],
            "better": better(comparison["intervals"][LEVEL], about["direction"]),
        }


def better(interval: list[float], direction: str) -> str:
    """Which version a difference (newer minus older) speaks for; undecided where its interval holds zero."""
    low, high = interval if direction == "higher" else (-interval[1], -interval[0])
    return NEWER if low > 0 else OLDER if high < 0 else UNDECIDED


def _submit(
    client: MLClient,
    config: Config,
    target: Target,
    older: Version,
    newer: Version,
    combinations: Mapping[str, Recipe],
) -> str:
    """Submit the run that scores both versions, and trains the combinations."""
    from pipelines.comparison import Landed, Trial, comparison
    from pipelines.training import STEP_ENVIRONMENTS, Champion

    def landed(of: Recipe) -> Landed:
        return Landed(f"azureml:{of.data}", of.freshness)

    def champion(version: Version) -> Champion:
        return Champion(version.title, f"azureml:{version.title}")

    own = config.training.environments
    folders = {own[each.family] for each in combinations.values() if each.family in own}
    needed = environments.ensure(client, config, {*STEP_ENVIRONMENTS.values(), *folders})
    rows = recipe(newer.lineage)
    with tempfile.TemporaryDirectory() as folder, sdk():

        def settings(name: str, of: Recipe) -> Path:
            file = Path(folder) / f"{name}.json"
            file.write_text(json.dumps(of.settings, indent=1, sort_keys=True))
            return file

        job = comparison(
            data=landed(rows),
            settings=settings("newer", rows),
            seed=rows.seed,
            newer=champion(newer),
            older=champion(older),
            trials=[
                Trial(
                    name,
                    landed(each),
                    each.family,
                    each.parameters,
                    settings(f"trial-{name}", each),
                    each.seed,
                    own.get(each.family, ""),
                )
                for name, each in combinations.items()
            ],
            environments=needed,
            compute=target.compute,
            timeout_seconds=config.training.step_timeout_seconds,
        )
        return str(client.jobs.create_or_update(job, experiment_name=config.training.experiment).name)
