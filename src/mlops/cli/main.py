"""The command `mlops`. Everything heavy is imported inside the commands, so that --help answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import cli_bootstrap, cli_infra, cli_local
from .errors import BadInput, GateRefused, MlopsError

if TYPE_CHECKING:
    from .output import Console

app = typer.Typer(
    help="Continuous delivery of models on Azure Machine Learning, and on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data_app = typer.Typer(help="Landed data as versioned data assets.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(cli_local.app, name="local")
app.add_typer(cli_infra.app, name="infra")
app.command("bootstrap")(cli_bootstrap.bootstrap)

Target = Annotated[str, typer.Option("--target", "-t", help="a target of mlops.toml")]
Output = Annotated[str, typer.Option("--output", "-o", help="text, json or markdown")]
AsOf = Annotated[str | None, typer.Option(help="what `now` is for the data's age: an ISO date (default: now)")]
TrainStart = Annotated[str, typer.Option(help="first day of training (default: as late as possible)")]


def _console(output: str) -> Console:
    from .output import FORMS, Console

    if output not in FORMS:
        raise BadInput(f"--output {output}: it is one of {', '.join(FORMS)}")
    return Console(output)


def _open(target: str, output: str) -> tuple[Any, Any, Any, Any]:
    """Configuration, console, client and target of a command."""
    from . import config, workspace

    console, settings = _console(output), config.load()
    client, found = workspace.connect(settings, target)
    return settings, console, client, found


@data_app.command()
def publish(
    path: Annotated[Path, typer.Argument(help="a parquet or CSV file, or a folder of them")],
    target: Target = "local",
    as_of: AsOf = None,
    output: Output = "text",
) -> None:
    """Check landed data against the contract and publish it as the next version of the data asset."""
    from . import data

    settings, console, client, _ = _open(target, output)
    found = data.publish(client, settings, path, as_of=as_of)
    document = {"name": found.name, "version": found.version, "existed": found.existed, **found.validation}
    word = "is published already" if found.existed else "published"
    console.result(document, f"{found.name}:{found.version} {word} ({found.validation['rows']} rows)")


@app.command()
def train(
    target: Target = "local",
    data_version: Annotated[
        str | None, typer.Option("--data", help="version of the data asset (default: the newest)")
    ] = None,
    train_start: TrainStart = "",
    as_of: AsOf = None,
    register_model: Annotated[
        bool, typer.Option("--register/--no-register", help="register the model if the gate lets it pass")
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="run every step, reuse none")] = False,
    wait: Annotated[bool, typer.Option(help="wait for the end and show the evaluation")] = True,
    output: Output = "text",
) -> None:
    """Run the training pipeline: prepare, train, evaluate, gate, register."""
    from . import data, training
    from .report import evaluation

    settings, console, client, found = _open(target, output)
    published = data.existing(client, settings, data_version)
    request = training.Request(published, train_start, as_of, register_model, force)
    job = training.submit(client, settings, found, request)
    console.say(f"run {job} on {published.name}:{published.version}")
    if not wait:
        console.result({"job": job}, job)
        return
    trained = training.follow(client, job, console.say)
    document = {
        "job": job,
        "evaluation": trained.evaluation,
        "verdict": trained.verdict,
        "registration": trained.registration,
        "reused": [step.name for step in trained.steps if step.reused],
    }
    lines = evaluation.lines(trained.evaluation, trained.verdict, markdown=output == "markdown")
    if trained.registration:
        name, version = trained.registration["name"], trained.registration["version"]
        lines.append(f"registered {name} version {version}")
    console.result(document, lines)


@app.command()
def gate(
    job: Annotated[str, typer.Argument(help="a training run")],
    target: Target = "local",
    output: Output = "text",
) -> None:
    """Judge a run by the thresholds of mlops.toml as they are now. Exit code 3 if it is refused."""
    from . import runs, training
    from .gate import UnusableEvidence, decide
    from .report import evaluation

    settings, console, client, _ = _open(target, output)
    evidence = runs.read_output(client, job, "evaluation", "evaluation.json")
    try:
        verdict = decide(evidence, training.policy_of(settings))
    except UnusableEvidence as error:
        raise BadInput(str(error)) from error
    console.result(verdict, evaluation.lines(evidence, verdict, markdown=output == "markdown"))
    if verdict["decision"] != "pass":
        raise GateRefused(f"{verdict['candidate']}: {'; '.join(verdict['reasons'])}")


@app.command()
def register(
    job: Annotated[str, typer.Argument(help="a training run that passed the gate")],
    target: Target = "local",
    output: Output = "text",
) -> None:
    """Register the model of a run that the gate let pass, as the next version."""
    from . import registry, runs
    from .workspace import quiet

    settings, console, client, _ = _open(target, output)
    verdict = runs.read_output(client, job, "verdict", "verdict.json")
    if verdict["decision"] != "pass":
        raise GateRefused(f"the run {job} was refused: {'; '.join(verdict['reasons'])}")
    evidence = runs.read_output(client, job, "evaluation", "evaluation.json")
    with quiet():
        document = registry.register(
            client,
            name=settings.project.model,
            source_job=registry.evaluate_step(client, job),
            run=job,
            evaluation=evidence,
            data=runs.data_of(client, job),
        )
    console.result(document, f"{document['name']} version {document['version']}")


@app.command()
def deploy(
    version: Annotated[int | None, typer.Argument(help="a registered version (default: the highest)")] = None,
    target: Target = "local",
    output: Output = "text",
) -> None:
    """Bring a registered version behind the endpoint, with all the traffic."""
    from . import deployment

    settings, console, client, found = _open(target, output)
    if version is None:
        known = deployment.versions(client, settings.project.model)
        if not known:
            raise BadInput(f"there is no version of the model {settings.project.model}", "train one: mlops train")
        version = known[-1]
    deployed = deployment.deploy(client, settings, found, version, console.say)
    console.result(
        deployed.__dict__,
        f"{settings.project.model} version {deployed.version} answers at {deployed.scoring_uri}",
    )


@app.command()
def score(
    request: Annotated[
        Path | None, typer.Argument(help="JSON file with the request (default: rows of the model's evaluation)")
    ] = None,
    target: Target = "local",
    output: Output = "text",
) -> None:
    """Ask the endpoint for scores."""
    from . import deployment, scoring

    body = deployment.read_request(request) if request else None
    settings, console, client, found = _open(target, output)
    if body is None:
        known = deployment.versions(client, settings.project.model)
        if not known:
            raise BadInput(f"there is no version of the model {settings.project.model}", "train one: mlops train")
        model = deployment.find_model(client, settings.project.model, known[-1])
        body = {"data": scoring.examples_of(client, model)}
    answer = scoring.invoke(client, found.endpoint, body)
    console.result(answer, [f"{value:.4f}" for value in answer["scores"]])


@app.command()
def status(
    target: Target = "local",
    job: Annotated[str | None, typer.Option(help="show this run: its steps and why it failed")] = None,
    output: Output = "text",
) -> None:
    """Show the last runs, the registered versions and what the endpoint serves."""
    from .report import status as report

    settings, console, client, found = _open(target, output)
    document = report.run(client, job) if job else report.everything(client, settings, found)
    console.result(document, report.lines(document))


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="transactions of your own (default: generated ones)")] = None,
    train_start: TrainStart = "",
    train_only: Annotated[
        bool, typer.Option("--train-only", help="end with the gate's verdict: register and deploy nothing")
    ] = False,
    output: Output = "text",
) -> None:
    """The whole loop on this machine: data, training, gate, registration, deployment, scores."""
    from . import demo as story

    settings, console, client, found = _open("local", output)
    result = story.tell(
        client,
        settings,
        found,
        console.say,
        data,
        train_start,
        train_only=train_only,
        markdown=output == "markdown",
    )
    console.result(result.document, result.lines)


def main() -> None:
    """Run the command; errors are one line, a hint, and an exit code (errors.py)."""
    try:
        app(standalone_mode=True)
    except MlopsError as error:
        sys.stderr.write(f"error: {error}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; a run that was submitted goes on: mlops status\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
