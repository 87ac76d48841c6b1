"""`mlops github`: what the workflows call, a verb a step. A person may call them, too."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BadInput
from .options import Output, Target, console_of, opened

app = typer.Typer(
    help="What the workflows call, a verb a step.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Link = Annotated[str, typer.Option("--run", metavar="URL", help="the run of the workflow")]
Tag = Annotated[str, typer.Argument(help="the tag of a release: MODEL-vVERSION")]


@app.command()
def where(target: Target = "local", output: Output = "text") -> None:
    """Say where this job works, and as whom: this machine, or Azure as its GitHub environment."""
    from ..github import runner

    console = console_of(output)
    said: list[str] = []
    document = runner.identity(target, said.append)
    console.result(document, [runner.annotation("notice", line) for line in said] if _in_workflow() else said)


@app.command()
def changed(
    base: Annotated[str, typer.Option(help="the commit, or branch, to compare with")],
    folder: Annotated[Path | None, typer.Option(help="write changed.json to this folder")] = None,
    output: Output = "text",
) -> None:
    """Say whether training depends on what has changed: step output `training`, true or false."""
    import json

    from .. import config
    from ..github import changed as changes
    from ..github import runner

    console = console_of(output)
    document = changes.document(config.load(), base)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "changed.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    runner.outputs({"training": str(document["training"]).lower()})
    lines = [f"{each['file']}: {each['why']}".removeprefix(": ") for each in document["changes"]]
    console.result(document, lines or f"training depends on none of the {document['files']} files that changed")


@app.command()
def annotate(
    files: Annotated[list[Path], typer.Argument(help="JUnit files")],
    output: Output = "text",
) -> None:
    """Show the failures of JUnit files beside the code."""
    from ..github import annotate as junit

    console = console_of(output)
    lines = junit.failures(files)
    console.result({"annotations": lines}, lines or "nothing failed")


@app.command()
def comment(
    folder: Annotated[Path, typer.Argument(help="what the jobs of the run have left: report-WHAT-ATTEMPT/…")],
    kind: Annotated[str, typer.Option(help="the workflow; there is one comment of each")],
    commit: Annotated[str, typer.Option(help="the head commit that the run was of")],
    head: Annotated[str, typer.Option(metavar="OWNER:BRANCH", help="the branch that the run was of")],
    run: Link,
    output: Output = "text",
) -> None:
    """Write the one comment of a kind on the pull request whose head this commit is."""
    from .. import config
    from ..cost import prices
    from ..github import comment as comments
    from ..github import documents
    from ..github.calls import GitHub

    console = console_of(output)
    github, of = GitHub(console.say), comments.Run(kind, commit, head, run)
    text, new = comments.body(config.load(), prices.load(), of, documents.read(folder))
    done = {n: comments.write(github, n, kind, text, new=new) for n in comments.numbers(github, of)}
    lines = [f"the comment on pull request {number} is {word}" for number, word in done.items()]
    gone = f"{commit[:10]} is not the head of an open pull request from {head}: nothing is written"
    console.result({"written": done}, lines or gone)


@app.command()
def draft(
    job: Annotated[str, typer.Argument(help="the training run that has registered the version")],
    target: Target = "local",
    folder: Annotated[Path, typer.Option(help="what is attached; files that are there already, too")] = Path(
        "release"
    ),
    output: Output = "text",
) -> None:
    """Write or update the draft release of the version that a run has registered, with its evidence attached."""
    from ..github import draft as drafts
    from ..github.calls import GitHub
    from ..release import bundle as bundles
    from ..workspace import runs

    here = opened(target, output)
    github = GitHub(here.console.say)
    found = runs.read_output(here.client, job, "registration", "registration.json")
    with tempfile.TemporaryDirectory() as place:
        bundle = bundles.read(here.client, found["name"], int(found["version"]), Path(place))
        files = drafts.assemble(bundle, folder)
        address = drafts.write(github, bundle, files)
    here.console.result({"model": bundle.model, "version": bundle.version, "address": address}, address)


@app.command()
def verify(tag: Tag, target: Target = "local", output: Output = "text") -> None:
    """Hold a published release against the version it names: gate, commit, checksum. Step output `model`."""
    from ..github import runner
    from ..github import verify as verifying
    from ..github.calls import GitHub

    here = opened(target, output)
    with tempfile.TemporaryDirectory() as place:
        bundle = verifying.verify(GitHub(here.console.say), here.client, here.config, tag, Path(place))
    model = f"{bundle.model}:{bundle.version}"
    runner.outputs({"model": model})
    here.console.result({"model": model, "release": bundle.digest}, f"{tag} is {model}")


@app.command()
def approved(
    environment: Annotated[str, typer.Argument(help="a GitHub environment")],
    output: Output = "text",
) -> None:
    """Say who has approved this run's job in a GitHub environment. Step output `by`, empty for nobody."""
    from ..github import outcome, runner
    from ..github.calls import GitHub

    console = console_of(output)
    run = os.environ.get("GITHUB_RUN_ID", "")
    if not run:
        raise BadInput("GITHUB_RUN_ID names no run", "in a workflow GitHub sets it")
    by = outcome.approved(GitHub(console.say), run, environment)
    runner.outputs({"by": ", ".join(by)})
    console.result({"environment": environment, "by": by}, ", ".join(by) or f"{environment} has no reviewers")


@app.command(name="outcome")
def delivered(
    tag: Tag,
    results: Annotated[str, typer.Option(metavar="JSON", help="toJSON(needs) of the workflow")],
    run: Link,
    folder: Annotated[Path, typer.Option(help="the records that the jobs have left: TARGET.json")] = Path(
        "evidence"
    ),
    output: Output = "text",
) -> None:
    """Mark a release with what became of it; while it has failed, an issue is open with the evidence."""
    from ..github import outcome
    from ..github.calls import GitHub

    console = console_of(output)
    github, jobs, found = GitHub(console.say), outcome.results(results), outcome.evidence(folder)
    text, bad = outcome.block(tag, jobs, found, run), bool(outcome.failed(jobs))
    outcome.mark(github, tag, text)
    number = outcome.issue(github, tag, text, found, bad=bad)
    said = f"{tag} is marked" + (f", issue {number} is {'open' if bad else 'closed'}" if number else "")
    console.result({"failed": outcome.failed(jobs), "issue": number}, said)


def _in_workflow() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"
