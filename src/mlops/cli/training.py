"""Commands from landed data to a registered version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import BadInput
from .options import STARTED, Output, Target, console_of, opened

JobName = Annotated[str | None, typer.Option("--name", help="the run's name (default: one that is made up)")]
data_app = typer.Typer(help="Landed data as versioned data assets.", no_args_is_help=True)
AS_OF = "what `now` is for the data's age: an ISO date, or `last`: the day after its last row (default: %s)"
AsOf = Annotated[str | None, typer.Option(help=AS_OF % "now")]
AsPublished = Annotated[str | None, typer.Option(help=AS_OF % "as it was published, else now")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="a setting of [training.settings] for this run; repeatable"),
]


@data_app.command()
def generate(
    folder: Annotated[Path, typer.Argument(help="where it is written to")],
    output: Output = "text",
) -> None:
    """Generate data to try things with: that of the demo, as if it had landed."""
    from .. import config, data

    console = console_of(output)
    file, existed = data.generate(config.load(), folder)
    word = "is there already" if existed else "is generated"
    console.result({"file": str(file), "existed": existed}, f"{file} {word}")
    console.say(f"it is history: mlops data publish {folder} --as-of last")


@data_app.command()
def publish(
    path: Annotated[Path, typer.Argument(help="a parquet or CSV file, or a folder of them")],
    target: Target = "local",
    as_of: AsOf = None,
    output: Output = "text",
) -> None:
    """Check landed data against the contract and publish it as the next version of the data asset."""
    from .. import data

    here = opened(target, output)
    found = data.publish(here.client, here.config, path, as_of=as_of)
    document = {"name": found.name, "version": found.version, "existed": found.existed, **found.validation}
    word = "is published already" if found.existed else "published"
    line = f"{found.name}:{found.version} {word} ({found.validation['rows']} rows)"
    here.console.result(document, [line, *_alarms(found.validation)])


@data_app.command()
def ingest(target: Target = "local", as_of: AsOf = None, output: Output = "text") -> None:
    """Take what has landed since, each file once, and publish it with what there was as the next version."""
    from dataclasses import asdict

    from .. import data

    here = opened(target, output)
    done = data.ingest(here.client, here.config, as_of=as_of)
    found, files = done.published, asdict(done.files)
    document = {"name": found.name, "version": found.version, "existed": found.existed, **files}
    word = "holds all that has landed" if found.existed else "published"
    said = [f"{len(names)} {kind}" for kind, names in files.items() if names]
    lines = [f"{found.name}:{found.version} {word}" + (f" ({', '.join(said)})" if said else "")]
    for kind, names in files.items():
        same = names if isinstance(names, dict) else {}
        lines += [f"  {kind:<9}  {name}" + (f" = {same[name]}" if name in same else "") for name in names]
    here.console.result({**document, "validation": found.validation}, [*lines, *_alarms(found.validation)])


def _alarms(validation: dict[str, Any]) -> list[str]:
    """What the contract's check reports and does not refuse, a line each."""
    return [f"  alarm      {alarm['text']}" for alarm in validation.get("alarms", ())]


def train(
    target: Target = "local",
    data_version: Annotated[
        str | None, typer.Option("--data", help="version of the data asset (default: the newest)")
    ] = None,
    assignments: Set = None,
    as_of: AsPublished = None,
    register_model: Annotated[
        bool, typer.Option("--register/--no-register", help="register the model if the gate lets it pass")
    ] = True,
    sweep: Annotated[
        list[str] | None,
        typer.Option(metavar="FAMILY", help="search the parameters in [training.sweep.FAMILY]; repeatable"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="run every step, reuse none")] = False,
    wait: Annotated[bool, typer.Option(help="wait for the end and show the evaluation")] = True,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="register what no commit holds, marked as dirty")
    ] = False,
    name: JobName = None,
    output: Output = "text",
) -> None:
    """Run the training pipeline: prepare, train, evaluate, gate, register."""
    from .. import data, overrides, training
    from ..report import evidence

    here = opened(target, output)
    settings = overrides.overridden(here.config.training.settings, assignments or [])
    published = data.existing(here.client, here.config, data_version)
    moment = data.aged(here.config, published, as_of)
    request = training.Request(published, settings, moment, register_model, force, allow_dirty, sweep or (), name)
    job = training.submit(here.client, here.config, here.target, request)
    aged = f", its age counted from {moment}" if moment else ""
    here.console.say(f"run {job} on {published.name}:{published.version}{aged}")
    if not wait:
        here.console.result({"job": job}, job)
        return
    trained = training.follow(here.client, job, here.console.say)
    document = {
        "job": job,
        "evaluation": trained.evaluation,
        "verdict": trained.verdict,
        "registration": trained.registration,
        "reused": [step.name for step in trained.steps if step.reused],
    }
    lines = evidence.lines(trained.evaluation, trained.verdict, markdown=here.markdown)
    if trained.registration:
        name, version = trained.registration["name"], trained.registration["version"]
        lines.append(f"registered {name} version {version}")
    here.console.result(document, lines)


def gate(
    job: Annotated[str, typer.Argument(help="a training run")],
    target: Target = "local",
    output: Output = "text",
) -> None:
    """Judge a run by [gate] of mlops.toml as it is now. Exit code 3 if it is not accepted."""
    from .. import judging
    from ..report import evidence

    here = opened(target, output)
    evaluation, verdict = judging.judge(here.client, here.config, job)
    here.console.result(verdict, evidence.lines(evaluation, verdict, markdown=here.markdown))
    judging.demand(verdict)


def register(
    job: Annotated[str, typer.Argument(help="a training run that the gate let pass, or whose model is approved")],
    target: Target = "local",
    approve: Annotated[
        str | None,
        typer.Option(
            help="why a model that needs approval may be registered; judges it again and records the reason"
        ),
    ] = None,
    output: Output = "text",
) -> None:
    """Register the model of a run that the gate let pass, as the next version."""
    from .. import judging, training
    from ..workspace import connect, runs

    here = opened(target, output)
    if approve is None:
        verdict = runs.read_output(here.client, job, "verdict", "gate.json")
    else:
        verdict = judging.approve(here.client, here.config, job, connect.caller()["name"], approve)
    judging.demand(verdict)
    document = training.register(here.client, here.config, here.target, job, verdict, here.console.say)
    here.console.result(document, f"{document['name']} version {document['version']}")


def report(
    job: Annotated[str, typer.Argument(help="a training run")],
    html: Annotated[Path | None, typer.Option(help="write the page to this file")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="write the documents of the run, and the page, to this folder")
    ] = None,
    target: Target = "local",
    output: Output = "text",
) -> None:
    """The report of a run: metrics with intervals, the gate's rules, slices; with --html also curves and more."""
    from ..report import documents, evidence
    from ..workspace import runs

    here = opened(target, output)
    if folder:
        documents.write(here.client, target, job, folder)
        here.console.say(f"wrote {folder}")
    evaluation = runs.read_output(here.client, job, "evaluation", "evaluation.json")
    verdict = runs.read_output(here.client, job, "verdict", "gate.json")
    if html:
        try:
            html.write_text(evidence.page(evaluation, verdict), encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{html} cannot be written: {error.strerror}") from error
        here.console.say(f"wrote {html}")
    here.console.result(
        {"evaluation": evaluation, "verdict": verdict}, evidence.lines(evaluation, verdict, markdown=here.markdown)
    )


def demo(
    data: Annotated[Path | None, typer.Option(help="landed data of your own (default: generated)")] = None,
    assignments: Set = None,
    train_only: Annotated[
        bool, typer.Option("--train-only", help="end with the gate's verdict: register and deploy nothing")
    ] = False,
    name: JobName = None,
    output: Output = "text",
) -> None:
    """The whole loop on this machine: data, training, gate, registration, deployment, scores."""
    from .. import demo as story
    from .. import overrides

    here = opened("local", output)
    settings = overrides.overridden(here.config.training.settings, assignments or [])
    result = story.tell(
        here.client,
        here.config,
        "local",
        here.console.say,
        data,
        settings,
        began=STARTED,
        train_only=train_only,
        run=name,
        markdown=here.markdown,
    )
    here.console.result(result.document, result.lines)
