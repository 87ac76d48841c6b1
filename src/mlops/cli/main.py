"""The command `mlops`: its groups, and how errors are shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer

from azureml_local.machine.errors import LocalError

from ..errors import MlopsError
from . import bootstrap, github, infra, lineage, local, promotion, release, runs, training

INTERRUPTED = 130
DETAILS = 20
"""How many lines may follow an error."""
app = typer.Typer(
    help="Continuous delivery of models on Azure Machine Learning, and on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(training.data_app, name="data")
app.add_typer(local.app, name="local", callback=local.where)
app.add_typer(infra.app, name="infra")
app.add_typer(github.app, name="github")
for command in (
    bootstrap.bootstrap,
    training.train,
    training.gate,
    training.register,
    training.report,
    promotion.promote,
    release.release,
    release.rollback,
    release.deploy,
    release.score,
    runs.status,
    runs.logs,
    runs.cancel,
    lineage.lineage,
    lineage.compare,
    lineage.reproduce,
    training.demo,
):
    app.command()(command)


def main() -> None:
    """Run the command. Errors are one line, a hint and an exit code (errors.py), or JSON where it is asked for."""
    as_json = _json_asked(sys.argv[1:])
    try:
        ended = app(standalone_mode=not as_json)
    except SystemExit as end:
        ended = end.code
    except MlopsError as error:
        more = {"violations": error.violations} if error.violations else {}
        _fail(str(error), error.hint, error.exit_code, as_json=as_json, details=error.details, **more)
    except LocalError as error:
        _fail(str(error), error.hint, error.exit_code, as_json=as_json)
    except typer.TyperException as error:  # without JSON Typer shows it, with the usage
        _fail(error.format_message(), "mlops --help", error.exit_code, as_json=as_json)
    except typer.Abort:
        _fail("nothing was done: it asks first", "--yes", 1, as_json=as_json)
    if ended == INTERRUPTED:
        sys.stderr.write("interrupted; a run that was submitted goes on: mlops status\n")
    sys.exit(ended)


def _fail(
    message: str, hint: str, code: int, *, as_json: bool, details: Sequence[str] = (), **more: Any
) -> NoReturn:
    """Say an error as the last thing on standard error, and end. `more` is for who asks for JSON."""
    if as_json:
        problem = {"message": message, "hint": hint, "exit_code": code, **more}
        sys.stderr.write(json.dumps({"error": problem}, ensure_ascii=False) + "\n")
    else:
        shown = [f"  {line}" for line in details[:DETAILS]]
        rest = [f"  … and {len(details) - DETAILS} lines more: --output json has them"] * (len(details) > DETAILS)
        hints = [f"hint: {hint}"] if hint else []
        sys.stderr.write("\n".join([f"error: {message}", *shown, *rest, *hints]) + "\n")
    sys.exit(code)


def _json_asked(words: list[str]) -> bool:
    """Whether a command line asks for JSON, even one that could not be understood."""
    own = words[: words.index("--")] if "--" in words else words
    return any(
        word in ("--output=json", "-ojson") or (word in ("--output", "-o") and after == "json")
        for word, after in zip(own, [*own[1:], ""], strict=True)
    )


if __name__ == "__main__":
    main()
