"""`python -m azureml_local`: the emulator by itself. AZUREML_LOCAL_HOME and AZUREML_LOCAL_PORT set it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .machine.errors import LocalError
from .machine.home import Home
from .server import control
from .server.commands import Where, app

HOME = Path(".azureml-local")


@app.callback()
def where(
    context: typer.Context,
    home: Annotated[Path, typer.Option(envvar="AZUREML_LOCAL_HOME", help="where it keeps its state")] = HOME,
    port: Annotated[
        int, typer.Option(envvar="AZUREML_LOCAL_PORT", min=0, max=65_535, help="where it listens")
    ] = control.DEFAULT_PORT,
) -> None:
    """Azure Machine Learning on one machine."""
    context.obj = Where(lambda: Home.at(home), lambda: port)


def main() -> None:
    """Run a command; errors are one line, a hint, and an exit code."""
    os.environ.setdefault("NO_COLOR", "1")
    try:
        app(prog_name="python -m azureml_local")
    except LocalError as error:
        sys.stderr.write(f"error: {error}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
