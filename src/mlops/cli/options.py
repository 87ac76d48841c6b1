"""Options that many commands have, and what they open."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadInput

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from ..config import Config
    from ..config import Target as TargetSettings
    from ..output import Console

STARTED = time.monotonic()
"""When the command began."""
Target = Annotated[str, typer.Option("--target", "-t", help="a target of mlops.toml")]
Output = Annotated[str, typer.Option("--output", "-o", help="text, json or markdown")]


@dataclass(frozen=True)
class Opened:
    """What a command works with: the configuration, its console, a client, and the target that it is of."""

    config: Config
    console: Console
    client: MLClient
    target: TargetSettings

    @property
    def markdown(self) -> bool:
        return self.console.form == "markdown"


def console_of(output: str) -> Console:
    """A console of this form. Raises BadInput for one that does not exist."""
    from ..output import FORMS, Console

    if output not in FORMS:
        raise BadInput(f"--output {output}: it is one of {', '.join(FORMS)}")
    return Console(output)


def opened(target: str, output: str) -> Opened:
    """Everything that a command about a target's workspace needs."""
    from .. import config
    from ..workspace import connect

    console, settings = console_of(output), config.load()
    client, found = connect.connect(settings, target)
    return Opened(settings, console, client, found)


def named(model: str, version: str | None) -> tuple[str, int | None]:
    """The model and the version of `V` or `MODEL:V`. Raises BadInput."""
    if version is None:
        return model, None
    name, _, number = version.rpartition(":")
    if not (number.isascii() and number.isdigit()):
        raise BadInput(f"{version} is no version: it is V or MODEL:V, and V is a number")
    return name or model, int(number)
