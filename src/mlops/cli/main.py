"""The command `mlops`: its groups, and how errors are shown."""

from __future__ import annotations

import sys

import typer

from ..errors import MlopsError
from . import bootstrap, infra, local, release, training

app = typer.Typer(
    help="Continuous delivery of models on Azure Machine Learning, and on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(training.data_app, name="data")
app.add_typer(local.app, name="local")
app.add_typer(infra.app, name="infra")
for command in (
    bootstrap.bootstrap,
    training.train,
    training.gate,
    training.register,
    release.deploy,
    release.score,
    release.status,
    training.demo,
):
    app.command()(command)


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
