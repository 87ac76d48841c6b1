"""The command line of the emulator: `python -m azureml_local`, and below it what a project mounts as its own.

Whoever mounts `app` says where the server lives and listens: the context's object is a `Where`.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ..machine.errors import LocalError
from ..machine.home import Home

app = typer.Typer(
    help="Azure Machine Learning on this machine: start it, stop it, point a program at it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Allow = Annotated[
    list[str] | None, typer.Option("--allow", metavar="RULE", help="switch a parity rule off; repeatable")
]
WIDTH = 80


@dataclass(frozen=True)
class Where:
    """Where the server keeps its state and listens; asked when it is needed, since finding out may fail."""

    home: Callable[[], Home]
    port: Callable[[], int]


def _where(context: typer.Context) -> Where:
    found = context.find_object(Where)
    if found is None:
        raise TypeError("whoever mounts these commands gives the context a Where")
    return found


@app.command()
def start(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="where it listens on 127.0.0.1; 0 takes any free one")
    ] = None,
    allow: Allow = None,
    endpoint_cores: Annotated[int, typer.Option(min=1, help="the quota of online deployments, in cores")] = 100,
) -> None:
    """Start it, unless it runs."""
    from . import control

    where = _where(context)
    chosen = where.port() if port is None else port
    server = control.start(where.home(), chosen, tuple(allow or ()), endpoint_cores)
    typer.echo(f"{server['base']} (pid {server['pid']})")


@app.command()
def stop(context: typer.Context) -> None:
    """Stop it and everything that it started."""
    from . import control

    typer.echo("stopped" if control.stop(_where(context).home()) else "it did not run")


@app.command()
def status(context: typer.Context) -> None:
    """Say whether it runs and where its pages are. Exit code 1 if it does not run."""
    from . import control

    home = _where(context).home()
    server = control.status(home)
    if server is None:
        typer.echo("not running")
        raise typer.Exit(1)
    typer.echo(f"{server['base']} (pid {server['pid']}, since {server['started']})")
    typer.echo(f"pages: {control.login_link(home)}")
    if server["allowed"]:
        typer.echo(f"rules switched off: {', '.join(server['allowed'])}")


@app.command()
def reset(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    built: Annotated[bool, typer.Option("--environments", help="the built environments, too")] = False,
) -> None:
    """Stop it and forget everything but the built environments. What it did not make stays."""
    from . import control

    home = _where(context).home()
    if not yes:
        typer.confirm(f"Remove every run, model and endpoint in {home.root}?", abort=True)
    left = control.reset(home, built=built)
    typer.echo("everything is forgotten")
    if left:
        typer.echo(f"left in {home.root}, because it is none of the local Azure ML's: {', '.join(left)}", err=True)


@app.command()
def env(
    context: typer.Context,
    shell: Annotated[bool, typer.Option("--export/--plain", help="with `export` before each line")] = True,
) -> None:
    """Print the variables that point azure-ai-ml and DefaultAzureCredential at it."""
    from . import control

    for name, value in control.variables(_where(context).home()).items():
        typer.echo(f"{'export ' if shell else ''}{name}={shlex.quote(value) if shell else value}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    context: typer.Context,
    identity: Annotated[
        str,
        typer.Option(
            "--as", metavar="ENVIRONMENT", help="as the identity of a GitHub environment, held to its roles"
        ),
    ] = "",
) -> None:
    """Start it if needed and run a command that finds it instead of Azure: run -- COMMAND."""
    import os

    from . import control

    if not context.args:
        raise LocalError("there is no command to run", "… run -- python script.py", exit_code=2)
    where = _where(context)
    home = where.home()
    control.start(home, where.port())
    variables = control.variables(home, identity)
    try:
        ended = subprocess.run(context.args, env={**os.environ, **variables}, check=False)
    except OSError as error:
        raise LocalError(f"{context.args[0]} cannot be run: {error.strerror}", exit_code=2) from error
    sys.exit(ended.returncode)


@app.command()
def permissions(
    context: typer.Context,
    unused: Annotated[bool, typer.Option("--unused", help="only what nothing has ever needed")] = False,
) -> None:
    """Show what each identity of a deployment was granted, and what of it some request has needed.

    Custom roles action by action; of a built-in role, which cannot be narrowed, how many of its actions.
    """
    from . import control

    for each in control.ask(_where(context).home(), "/permissions")["identities"]:
        typer.echo(each["identity"])
        for line in _permissions_of(each, unused=unused):
            typer.echo(textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="    "))


def _permissions_of(identity: dict[str, Any], *, unused: bool) -> list[str]:
    lines = []
    for grant in identity["grants"]:
        on = grant["scope"].rsplit("/", 1)[-1]
        if grant["custom"]:
            kinds = ("unused",) if unused else ("used", "unused")
            lines += [f"{kind} {action} on {on}" for kind in kinds for action in grant[kind]]
        elif not unused or not grant["used"]:
            total = len(grant["used"]) + len(grant["unused"])
            lines.append(f"{len(grant['used'])} of {total} actions used: {grant['role']} on {on}")
    return lines


@app.command()
def parity(context: typer.Context) -> None:
    """Print the parity rules: what the real service does that no one would guess."""
    from ..parity import RULES
    from . import control

    off = set((control.status(_where(context).home()) or {}).get("allowed", ()))
    for rule in RULES:
        typer.echo(f"{rule.name}{' (switched off)' if rule.name in off else ''}")
        for line in (f"{rule.operation}: {rule.effect}", f"seen {rule.seen}; {rule.source}"):
            typer.echo(textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="    "))


@app.command()
def clock(
    context: typer.Context,
    ahead: Annotated[
        str | None,
        typer.Argument(metavar="[SPAN]", help="let it pass at once: 90s, 30m, 12h, 14d"),
    ] = None,
) -> None:
    """Show what time it is for everything that it remembers, and let time pass."""
    from . import control

    body = None if ahead is None else {"seconds": _seconds(ahead)}
    said = control.ask(_where(context).home(), "/clock", "GET" if body is None else "POST", body)
    typer.echo(said["now"])


def _seconds(span: str) -> float:
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(span[-1:])
    if unit is None or not (span[:-1].isascii() and span[:-1].isdigit()):
        raise LocalError(f"{span!r} is no span of time", "a number and a unit: 90s, 30m, 12h, 14d", exit_code=2)
    return int(span[:-1]) * unit


@app.command()
def fault(
    context: typer.Context,
    operation: Annotated[
        str | None,
        typer.Argument(help="`PUT workspaces/jobs`, `POST /endpoints/e/score`, * for anything (default: list)"),
    ] = None,
    answer: Annotated[int, typer.Option("--status", help="answer with this status")] = 0,
    delay: Annotated[float, typer.Option(help="wait so many seconds first")] = 0.0,
    drop: Annotated[bool, typer.Option("--drop", help="end the connection without an answer")] = False,
    after: Annotated[bool, typer.Option("--after", help="only once the work was done")] = False,
    call: Annotated[int, typer.Option(help="begin with the k-th such request")] = 1,
    times: Annotated[int, typer.Option(help="so many times; 0: for ever")] = 1,
    clear: Annotated[bool, typer.Option("--clear", help="take back all that were asked for")] = False,
) -> None:
    """Let requests fail as they do in Azure: a status, a delay, a lost connection."""
    from . import control

    home = _where(context).home()
    if clear:
        control.ask(home, "/faults", "DELETE")
    if operation is not None:
        asked = {"status": answer, "delay": delay, "drop": drop, "after": after, "call": call, "times": times}
        control.ask(home, "/faults", "POST", {"operation": operation, **asked})
    for each in control.ask(home, "/faults")["faults"]:
        what = "drop" if each["drop"] else f"status {each['status']}" if each["status"] else f"{each['delay']:g} s"
        when = f"from call {each['call']}, {each['times'] or 'any number of'} times"
        typer.echo(f"{each['operation']}: {what}{' after the work' if each['after'] else ''}, {when}")
        typer.echo(f"  seen {each['seen']} times")


@app.command()
def build(
    context: typer.Context,
    folders: Annotated[list[Path] | None, typer.Argument(help="build contexts, each with a Dockerfile")] = None,
    tracking: Annotated[bool, typer.Option("--tracking", help="the tracking server's, too")] = False,
) -> None:
    """Build environments before they are needed, so that what follows needs no network."""
    from . import control

    wanted = {str(folder): folder for folder in folders or ()}
    for name in control.build(_where(context).home(), wanted, tracking=tracking):
        typer.echo(f"built the environment {name}", err=True)
