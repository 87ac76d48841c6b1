"""Commands from a registered version to an endpoint that answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Output, Target, opened


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
        document = apply.planned(here.client, here.config, here.target, model)
        here.console.result(document, report.lines(document, markdown=here.markdown))
        return
    deployed = apply.deploy(here.client, here.config, here.target, model, here.console.say)
    said = f"{here.config.project.model} version {deployed.version} answers at {deployed.scoring_uri}"
    here.console.result(deployed.__dict__, said)


def score(
    request: Annotated[
        Path | None, typer.Argument(help="JSON file with the request (default: rows of the model's evaluation)")
    ] = None,
    target: Target = "local",
    output: Output = "text",
) -> None:
    """Ask the endpoint for scores."""
    from ..release import scoring
    from ..workspace import models

    body = scoring.read_request(request) if request else None
    here = opened(target, output)
    if body is None:
        model = models.find(here.client, here.config.project.model)
        body = {"data": scoring.examples_of(here.client, model)}
    answer = scoring.invoke(here.client, here.target.endpoint, body)
    here.console.result(answer, [f"{value:.4f}" for value in answer["scores"]])
