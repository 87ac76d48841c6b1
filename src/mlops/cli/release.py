"""Commands from a registered version to an endpoint that answers."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BadInput, MlopsError
from .options import Opened, Output, Target, named, opened

if TYPE_CHECKING:
    from ..release.means import Unit

ALL = 100
"""The traffic, where one version has all of it: another one's answer would be another."""
OWN = ("local", "dev")
"""Targets that release what their own workspace has registered; the others what was promoted."""
Version = Annotated[
    str | None,
    typer.Argument(help="a registered version, V or MODEL:V (default: the highest)", metavar="[MODEL:]V"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="print what would be done, and do nothing")]
Approved = Annotated[
    str, typer.Option("--approved-by", envvar="MLOPS_APPROVED_BY", help="who has said yes, where one has to")
]
RecordFile = Annotated[
    Path | None, typer.Option("--record", help="write release.json here as well, and a page beside it")
]


def deploy(
    version: Version = None,
    target: Target = "local",
    dry_run: DryRun = False,
    approved_by: Approved = "",
    output: Output = "text",
) -> None:
    """Bring a registered version behind the endpoint at once, without a canary: for local and dev."""
    from ..release import apply
    from ..report import release as report
    from ..workspace import models

    here = opened(target, output)
    name, number = named(here.config.project.model, version)
    model = models.find(here.client, name, number)
    if dry_run:
        with apply.unit_of(here.client, model) as unit:
            document = apply.planned(here.client, here.config, target, unit, canary=False)
        here.console.result(document, report.lines(document, markdown=here.markdown))
        return
    deployed = apply.deploy(here.client, here.config, target, model, here.console.say, approved_by)
    said = f"{name} version {deployed.version} answers at {deployed.scoring_uri}"
    here.console.result(deployed.__dict__, said)


def release(
    version: Version = None,
    target: Target = "local",
    dry_run: DryRun = False,
    accept_breaking: Annotated[
        bool, typer.Option("--accept-breaking", help="release what breaks the callers of the live version")
    ] = False,
    approved_by: Approved = "",
    wait: Annotated[float, typer.Option(help="minutes to wait for another release of the endpoint", min=0)] = 0.0,
    record: RecordFile = None,
    output: Output = "text",
) -> None:
    """Prove a version, mirror to it, give it its share step by step, and go back where it is not as good."""
    from ..release import apply, metrics, proof
    from ..release.means import Means
    from ..report import release as plans
    from ..report import released

    here = opened(target, output)
    with _unit(here, target, version) as unit:
        if dry_run:
            document = apply.planned(here.client, here.config, target, unit, canary=True)
            here.console.result(document, plans.lines(document, markdown=here.markdown))
            return
        policy = here.config.release.proof_of(target)
        last: dict[str, Any] = {}
        means = Means(
            here.console.say,
            here.console.show,
            prove=lambda bundle, ask: proof.prove(bundle, ask, policy, here.console.say),
            source=lambda: metrics.azure_monitor(here.client, here.config, here.target),
            wait_seconds=wait * 60,
            also=_keeping(record, last),
        )
        try:
            made = apply.release(
                here.client,
                here.config,
                target,
                unit,
                means,
                accept_breaking=accept_breaking,
                approved_by=approved_by,
            )
        except MlopsError:
            if last:
                here.console.result(last, released.lines(last, markdown=here.markdown))
            raise
        there = {"state": "there already", "model": unit.bundle.model, "version": unit.bundle.version}
        document = made.document if made else there
        text = released.lines(document, markdown=here.markdown) if made else [_there(unit, here)]
        here.console.result(document, text)


def rollback(
    target: Target = "local",
    to: Annotated[int | None, typer.Option("--to", help="a version (default: the one before)")] = None,
    reason: Annotated[str, typer.Option("--reason", help="why, for release.json")] = "",
    record: RecordFile = None,
    output: Output = "text",
) -> None:
    """Give the traffic back to a version before, whose deployment still stands: in seconds, nothing is judged."""
    from ..release import rollback as back
    from ..report import released

    if not reason.strip():
        raise BadInput("a rollback wants its reason", '--reason "…"')
    here = opened(target, output)
    say = here.console.say
    made = back.rollback(here.client, here.config, target, to, reason, say, also=_keeping(record, {}))
    here.console.result(made.document, released.lines(made.document, markdown=here.markdown))


@contextlib.contextmanager
def _unit(here: Opened, target: str, version: str | None) -> Iterator[Unit]:
    """What is released: from the target's own workspace, or from the registry."""
    from ..release import apply
    from ..workspace import models, registries

    name, number = named(here.config.project.model, version)
    if target in OWN or here.config.release.registry is None:
        with apply.unit_of(here.client, models.find(here.client, name, number)) as unit:
            yield unit
        return
    if number is None:
        raise BadInput(f"a release to {target} names its version", "mlops release VERSION")
    with apply.unit_through(registries.registry(here.config), name, number) as unit:
        yield unit


def _there(unit: Unit, here: Opened) -> str:
    return (
        f"{unit.bundle.model} version {unit.bundle.version} has all the traffic of {here.target.endpoint} already"
    )


def _keeping(file: Path | None, last: dict[str, Any]) -> Callable[[Mapping[str, Any]], None]:
    """What keeps the last record, and writes it to a file with a page beside it, where one is named."""
    from ..report import released

    def keep(document: Mapping[str, Any]) -> None:
        last.update(document)
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
            file.with_suffix(".html").write_text(released.page(document), encoding="utf-8")

    return keep


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
