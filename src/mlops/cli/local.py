"""`mlops local`: the emulator's own commands, on the home and the port that mlops.toml names."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import typer

from azureml_local.server.commands import Where, app

if TYPE_CHECKING:
    from ..config import Config

__all__ = ["app", "where"]


def where(context: typer.Context) -> None:
    """Azure Machine Learning on this machine: start it, stop it, point a program at it."""
    from azureml_local.machine.home import Home

    @cache
    def settings() -> Config:
        from .. import config

        return config.load()

    context.obj = Where(lambda: Home.at(settings().local_home), lambda: settings().local_port)
