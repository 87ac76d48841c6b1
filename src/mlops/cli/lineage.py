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
