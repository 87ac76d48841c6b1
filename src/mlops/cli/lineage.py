"""Commands that remember: where a version comes from, why two differ, and whether one can be made again."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import Output, Target, opened

Version = Annotated[str, typer.Argument(help="MODEL:VERSION, or a version of the project's model")]


def lineage(model: Version, target: Target = "local", output: Output = "text") -> None:
    """Show where a version comes from, what is pinned with it for a release, and what serves it."""
    from ..lineage import memory, tree

    here = opened(target, output)
    version = memory.version(here.client, here.config.project.model, model)
    document = {
        "lineage": version.lineage,
        "release": memory.release(here.client, version),
        "deployments": memory.serving(here.client, version),
    }
    here.console.result(document, tree.lines(document, markdown=here.markdown))


def reproduce(
    model: Version,
    target: Target = "local",
    current_locks: Annotated[
        bool,
        typer.Option("--with-current-locks", help="in the environments of today's locks, not the recorded ones"),
    ] = False,
    output: Output = "text",
) -> None:
    """Train a version again from its commit, locks and data. Exit code 1 if something different comes out."""
    from ..errors import MlopsError
    from ..lineage import memory, told
    from ..lineage import reproduce as again
    from ..lineage.verdict import DIFFERENT

    here = opened(target, output)
    version = memory.version(here.client, here.config.project.model, model)
    document = again.reproduce(
        here.client, here.config, target, version, here.console.say, current_locks=current_locks
    )
    here.console.result(document, told.reproduction(document, markdown=here.markdown))
    if document["verdict"] == DIFFERENT:
        raise MlopsError(f"{version.title} is not what comes out now: {document['first']} differs first")


def compare(
    older: Version,
    newer: Version,
    target: Target = "local",
    explain: Annotated[
        bool, typer.Option("--shares/--no-shares", help="train combinations to say what each change explains")
    ] = True,
    output: Output = "text",
) -> None:
    """Show by how much two versions differ, where, what changed, and how much of it each change explains."""
    from ..lineage import compare as comparing
    from ..lineage import memory, text

    here = opened(target, output)
    name = here.config.project.model
    versions = (memory.version(here.client, name, older), memory.version(here.client, name, newer))
    document = comparing.compare(
        here.client, here.config, here.target, *versions, here.console.say, explain=explain
    )
    here.console.result(document, text.comparison(document, markdown=here.markdown))
