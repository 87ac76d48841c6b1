"""The command that brings a registered version to the registry."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .options import Output, Target, named, opened


def promote(
    version: Annotated[
        str | None, typer.Argument(help="a registered version, V or MODEL:V (default: the highest)")
    ] = None,
    target: Target = "local",
    output: Output = "text",
) -> None:
    """Share a version with the other targets, through the registry, and compare every checksum there."""
    from ..release import bundle, promotion
    from ..workspace import models, registries

    here = opened(target, output)
    name, number = named(here.config.project.model, version)
    model = models.find(here.client, name, number)
    with tempfile.TemporaryDirectory() as folder:
        read = bundle.read(here.client, name, int(model.version), Path(folder))
        registry = registries.registry(here.config)
        promoted = promotion.promote(here.client, registry, read, here.console.say)
    document = {"schema": "promotion/1", "model": name, "version": read.version, "digest": read.digest}
    here.console.result({**document, "registry": asdict(promoted)}, promoted.model)
