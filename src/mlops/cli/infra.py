"""`mlops infra`: what a target needs in Azure, planned, made, taken down and compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BadInput, MlopsError
from .options import Output, console_of

if TYPE_CHECKING:
    from ..config import Config
    from ..infra.direct import Outcome
    from ..output import Console

app = typer.Typer(
    help="What a target needs in Azure: planned, made, taken down, compared.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Target = Annotated[str, typer.Option("--target", "-t", help="a target of mlops.toml; local: all of them, here")]
Of = Annotated[
    list[str] | None, typer.Option("--of", metavar="TARGET", help="with --target local: only these; repeatable")
]
Which = Annotated[
    list[str] | None,
    typer.Option(
        "--deployment",
        metavar="NAME",
        help="bootstrap, main or registry; repeatable (default: main; with --target local bootstrap and main)",
    ),
]
SIGNS = {"create": "+", "change": "~", "keep": " "}


def _open(
    target: str, of: list[str] | None, which: list[str] | None, output: str
) -> tuple[Config, Console, list[tuple[str, str]]]:
    """Configuration, console, and the (target, deployment) pairs that a command is about, in their order.

    For the target local these are the identities and the resources of every other target: one local Azure ML
    hosts them all. Elsewhere a command is about one target, whose identities a person has made (mlops bootstrap).
    """
    from .. import config
    from ..infra.deploy import DEPLOYMENTS
    from ..workspace.connect import LOCAL, use_target

    console, settings = console_of(output), config.load()
    if of and target != LOCAL:
        raise BadInput("--of goes with --target local", f"mlops infra … --target {of[0]}")
    for each in which or ():
        if each not in DEPLOYMENTS:
            raise BadInput(f"there is no deployment {each!r}", f"there are: {', '.join(DEPLOYMENTS)}")
    use_target(settings, target)
    if target != LOCAL:
        return settings, console, [(target, each) for each in which or ("main",)]
    chosen = of or [name for name in settings.targets if name != LOCAL]
    for name in chosen:
        settings.target(name)
        if name == LOCAL:
            raise BadInput("--of local: it has no infrastructure", "the others are dev, staging and prod")
    return settings, console, [(name, each) for name in chosen for each in which or ("bootstrap", "main")]


def _document(outcomes: list[tuple[str, str, Outcome]]) -> dict[str, Any]:
    return {
        "schema": 1,
        "deployments": [
            {
                "target": target,
                "deployment": deployment,
                "changes": [each.__dict__ for each in outcome.pending],
                "unchanged": len(outcome.changes) - len(outcome.pending),
                "detached": outcome.detached,
            }
            for target, deployment, outcome in outcomes
        ],
    }


def _lines(outcomes: list[tuple[str, str, Outcome]], *, markdown: bool, done: bool = False) -> Iterator[str]:
    """One line a change, its differences below it, and a summary a deployment."""
    for target, deployment, outcome in outcomes:
        counts = {action: sum(c.action == action for c in outcome.changes) for action in SIGNS}
        words = ("created", "changed", "unchanged") if done else ("to create", "to change", "unchanged")
        summary = ", ".join(f"{n} {word}" for n, word in zip(counts.values(), words, strict=True) if n)
        yield f"{'### ' if markdown else ''}{target} ({deployment}): {summary if outcome.differs else 'no change'}"
        if done:
            continue
        yield from ("```diff",) if markdown and outcome.differs else ()
        for change in outcome.pending:
            yield f"{SIGNS[change.action]} {change.type}  {change.name}"
            yield from (f"    {line}" for line in change.differences)
        for each in outcome.detached:
            yield f"- {each.rpartition('/providers/')[2] or each}  (no longer named; it stays)"
        yield from ("```",) if markdown and outcome.differs else ()


@app.command()
def plan(target: Target = "local", of: Of = None, which: Which = None, output: Output = "text") -> None:
    """Show what an apply would change. Reads only."""
    from ..infra import deploy

    settings, console, pairs = _open(target, of, which, output)
    outcomes = [(name, each, deploy.plan(settings, name, each)) for name, each in pairs]
    console.result(_document(outcomes), _lines(outcomes, markdown=output == "markdown"))


@app.command()
def apply(target: Target = "local", of: Of = None, which: Which = None, output: Output = "text") -> None:
    """Make everything that the target needs, and fill mlops.toml in from it. Again: only what differs."""
    from .. import config
    from ..infra import deploy
    from ..infra import settings as toml

    settings, console, pairs = _open(target, of, which, output)
    outcomes = []
    for name, each in pairs:
        outcome = deploy.apply_whole(settings, name, each, console.say)
        outcomes.append((name, each, outcome))
        if "settings" in outcome.outputs:
            for line in toml.write(settings, name, outcome.outputs["settings"]):
                console.say(f"mlops.toml, targets.{name}: {line}")
            settings = config.load()
    console.result(_document(outcomes), _lines(outcomes, markdown=output == "markdown", done=True))


@app.command()
def destroy(
    target: Target = "local",
    of: Of = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    identities: Annotated[
        bool, typer.Option("--identities", help="the identities of the workflows and their roles, too")
    ] = False,
    output: Output = "text",
) -> None:
    """Take a target down: endpoints, clusters, the workspace for good, the group, the names that are held."""
    from ..infra.destroy import Destroyer

    settings, console, pairs = _open(target, of, None, output)
    chosen = [name for name, each in pairs if each == "main"]
    if not yes:
        typer.confirm(f"Delete everything of {', '.join(chosen)}, with models, data and history?", abort=True)
    deleted: list[str] = []
    for name in chosen:
        for deployment in ("main", "bootstrap") if identities else ("main",):
            deleted += Destroyer(settings, name, deployment, console.say)()
    word = f"{len(deleted)} deletions, with everything in them" if deleted else "there was nothing"
    console.result({"deleted": deleted}, word)


@app.command()
def check(target: Target = "local", of: Of = None, which: Which = None, output: Output = "text") -> None:
    """Compare templates, mlops.toml and what is deployed. Exit code 1 if they differ. Reads only."""
    from ..infra import bicep, deploy
    from ..infra import settings as toml

    settings, console, pairs = _open(target, of, which, output)
    problems = bicep.warnings(settings.root / "infra")
    for name, each in pairs:
        outcome = deploy.plan(settings, name, each)
        problems += [f"{name}: {c.action} {c.type} {c.name}: {'; '.join(c.differences)}" for c in outcome.pending]
        problems += [f"{name}: no longer named: {gone}" for gone in outcome.detached]
        if "settings" in outcome.outputs:
            lines = toml.differences(settings, name, outcome.outputs["settings"])
            problems += [f"{name}: mlops.toml: {line}" for line in lines]
    console.result({"problems": problems}, problems or "templates, mlops.toml and what is deployed agree")
    if problems:
        raise MlopsError(f"{len(problems)} differences", f"mlops infra plan --target {target}")
