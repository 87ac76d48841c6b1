"""Commands from a registered version to an endpoint that answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BadInput
from .options import Opened, Output, Target, opened

ALL = 100
"""The traffic, where one version has all of it: another one's answer would be another."""


def deploy(
    version: Annotated[int | None, typer.Argument(help="a registered version (default: the highest)")] = None,
    target: Target = "local",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print what would be done, and do nothing")] = False,
    output: Output = "text",
) -> None:
    """Bring a registered version behind the endpoint, with all the traffic. Again: only what differs."""
    from ..release import apply
    from ..report import release as report
    from ..workspace import models

    here = opened(target, output)
    model = models.find(here.client, here.config.project.model, version)
    if dry_run:
        with apply.unit_of(here.client, model) as unit:
            document = apply.planned(here.client, here.config, target, unit, canary=False)
        here.console.result(document, report.lines(document, markdown=here.markdown))
        return
    deployed = apply.deploy(here.client, here.config, target, model, here.console.say)
    said = f"{here.config.project.model} version {deployed.version} answers at {deployed.scoring_uri}"
    here.console.result(deployed.__dict__, said)


def score(
    request: Annotated[
        Path | None,
        typer.Argument(help="JSON file with the request (default: that of the served model's evaluation)"),
    ] = None,
    target: Target = "local",
    output: Output = "text",
) -> None:
    """Ask the endpoint for scores. Without a request: that of the evaluation, whose answer is compared."""
    from ..release import scoring

    body = scoring.read_request(request) if request else None
    here = opened(target, output)
    answer = scoring.invoke(here.client, here.target.endpoint, body) if body else _examples(here)
    here.console.result(answer, [f"{value:.4f}" for value in answer["scores"]])


def _examples(here: Opened) -> dict[str, Any]:
    """The endpoint's answer to the examples of the version that takes its traffic."""
    from ..release import scoring
    from ..workspace import endpoints, models

    name = here.target.endpoint
    served = endpoints.serving(here.client, name)
    if served is None:
        raise BadInput(f"nothing behind the endpoint {name} has traffic", "deploy first: mlops deploy")
    examples = scoring.examples_of(here.client, models.find(here.client, served.name, int(served.version)))
    answer = scoring.invoke(here.client, name, examples.request)
    if served.share == ALL:
        examples.compare(answer, f"the endpoint {name}")
    return answer
