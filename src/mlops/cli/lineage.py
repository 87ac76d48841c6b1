"""Commands that remember: where a version comes from, why two differ, and whether one can be made again."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import Output, Target, opened

Version = Annotated[str, typer.Argument(help="MODEL:VERSION, or a version of the project's model")]


def lineage(model: Version, target: Target = "local", output: Output = "text") -> None:
    """Show where a version comes from: run, data, code, environments, verdict; and what serves it."""
    from ..lineage import memory, tree

    here = opened(target, output)
    version = memory.version(here.client, here.config.project.model, model)
    document = {"lineage": version.lineage, "deployments": memory.serving(here.client, version)}
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
