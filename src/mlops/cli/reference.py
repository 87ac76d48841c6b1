"""The reference page of the command line, made from the commands themselves: `python -m mlops.cli.reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

HEAD = """# Commands

Made by `python -m mlops.cli.reference` from the commands themselves; a test compares the two.

Data goes to standard output, messages to standard error. Exit codes: 0 done, 1 failed, 2 wrong input,
3 refused by the gate, 4 Azure ML refused or cannot be reached, 5 a run did not complete,
6 another release is at work, 7 a release was stopped and rolled back.

With `--output json` the result is one JSON document on standard output, and an error is the last line of standard
error, `{"error": {"message": …, "hint": …, "exit_code": …}}`; what comes before it there is progress.
"""


def render() -> str:
    """The whole page."""
    import typer

    from .main import app

    sections = [HEAD]
    for name, command in _commands(typer.main.get_command(app), ()):
        sections += [f"### mlops {name}\n", f"{command.help}\n"]
        rows = [_row(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            sections.append("\n".join(["| parameter | meaning |", "| --- | --- |", *rows]) + "\n")
    return "\n".join(sections)


def _commands(group: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def _row(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    return f"| {names} | {parameter.help or ''} |"


if __name__ == "__main__":
    sys.stdout.write(render())
