"""`mlops local`: the Azure ML of this machine."""

from __future__ import annotations

import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BadInput, MlopsError

if TYPE_CHECKING:
    from azureml_local.home import Home

    from ..config import Config

app = typer.Typer(
    help="Azure Machine Learning on this machine: start it, stop it, point a program at it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Allow = Annotated[
    list[str] | None, typer.Option("--allow", metavar="RULE", help="switch a parity rule off; repeatable")
]


@contextmanager
def _local() -> Iterator[tuple[Config, Home]]:
    """The configuration and the home; errors of the local Azure ML become ours."""
    from .. import config
    from ..workspace.connect import local_home

    settings = config.load()
    with local_home(settings) as home:
        yield settings, home


@app.command()
def start(
    port: Annotated[int | None, typer.Option(help="where it listens on 127.0.0.1 (default: mlops.toml)")] = None,
    allow: Allow = None,
    endpoint_cores: Annotated[int, typer.Option(help="the quota of online deployments, in cores")] = 100,
) -> None:
    """Start it, unless it runs."""
    from azureml_local import control

    with _local() as (settings, home):
        chosen = settings.local_port if port is None else port
        server = control.start(home, chosen, tuple(allow or ()), endpoint_cores)
    typer.echo(f"{server['base']} (pid {server['pid']})")


@app.command()
def stop() -> None:
    """Stop it and everything that it started."""
    from azureml_local import control

    with _local() as (_, home):
        stopped = control.stop(home)
    typer.echo("stopped" if stopped else "it did not run")


@app.command()
def status() -> None:
    """Say whether it runs and where its pages are. Exit code 1 if it does not run."""
    from azureml_local import control

    from ..workspace.connect import pages

    with _local() as (settings, home):
        server = control.status(home)
    if server is None:
        typer.echo("not running")
        raise typer.Exit(1)
    typer.echo(f"{server['base']} (pid {server['pid']}, since {server['started']})")
    typer.echo(f"pages: {pages(settings)}")
    if server["allowed"]:
        typer.echo(f"rules switched off: {', '.join(server['allowed'])}")


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Stop it and forget everything but the built environments."""
    from azureml_local import control

    with _local() as (_, home):
        if not yes:
            typer.confirm(f"Remove every run, model and endpoint in {home.root}?", abort=True)
        control.reset(home)
    typer.echo("everything is forgotten")


@app.command()
def env(
    shell: Annotated[bool, typer.Option("--export/--plain", help="with `export` before each line")] = True,
) -> None:
    """Print the variables that point azure-ai-ml and DefaultAzureCredential at it."""
    from azureml_local import control

    with _local() as (_, home):
        variables = control.variables(home)
    for name, value in variables.items():
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
    """Start it if needed and run a command that finds it instead of Azure: mlops local run -- COMMAND."""
    import os

    from azureml_local import control

    if not context.args:
        raise BadInput("there is no command to run", "mlops local run -- python script.py")
    with _local() as (settings, home):
        control.start(home, settings.local_port)
        variables = control.variables(home, identity)
    try:
        ended = subprocess.run(context.args, env={**os.environ, **variables}, check=False)
    except OSError as error:
        raise BadInput(f"{context.args[0]} cannot be run: {error.strerror}") from error
    sys.exit(ended.returncode)


@app.command()
def permissions(
    unused: Annotated[bool, typer.Option("--unused", help="only what nothing has ever needed")] = False,
) -> None:
    """Show what each identity of a deployment was granted, and what of it some request has needed.

    Custom roles action by action; of a built-in role, which cannot be narrowed, how many of its actions.
    """
    from azureml_local import control

    from ..output import table

    with _local() as (_, home):
        found = control.ask(home, "/permissions")
    for each in found["identities"]:
        rows = [row for grant in each["grants"] for row in _granted(grant, unused=unused)]
        if rows:
            head = (f"{each['identity']} may", "", "on")
            typer.echo("\n".join([*table(head, rows), ""]))


def _granted(grant: dict[str, Any], *, unused: bool) -> Iterator[tuple[str, str, str]]:
    """The rows of one grant: what, whether it was needed, and on what."""
    on = grant["scope"].rsplit("/", 1)[-1]
    if grant["custom"]:
        for kind in ("unused",) if unused else ("used", "unused"):
            yield from ((action, kind, on) for action in grant[kind])
    elif not unused or not grant["used"]:
        yield grant["role"], f"{len(grant['used'])} of {len(grant['used']) + len(grant['unused'])} used", on


@app.command()
def parity() -> None:
    """Print the parity rules: what the real service does that no one would guess."""
    from azureml_local import control
    from azureml_local.parity import RULES

    from ..output import terminal

    with _local() as (_, home):
        off = set((control.status(home) or {}).get("allowed", ()))
    for rule in RULES:
        typer.echo(f"{rule.name}{' (off)' if rule.name in off else ''}")
        for line in (f"{rule.operation}:", rule.effect, f"seen {rule.seen}: {rule.source}"):
            typer.echo(textwrap.fill(line, terminal(), initial_indent="  ", subsequent_indent="    "))


@app.command()
def build(
    folders: Annotated[list[Path] | None, typer.Argument(help="build contexts, each with a Dockerfile")] = None,
    tracking: Annotated[bool, typer.Option("--tracking", help="the tracking server's, too")] = False,
) -> None:
    """Build environments before they are needed, so that what follows needs no network."""
    from azureml_local.environments.build import BuildFailed, ensure
    from azureml_local.environments.recipe import from_docker
    from azureml_local.errors import ServiceError
    from azureml_local.tracking.servers import tracking_recipe

    with _local() as (_, home):
        try:
            wanted = {str(folder): from_docker(folder, "Dockerfile") for folder in folders or ()}
            if tracking:
                wanted["tracking"] = tracking_recipe()
            for name, recipe in wanted.items():
                said: list[str] = []
                ensure(home.environments, recipe, said.append)
                if said:
                    typer.echo(f"built the environment {name}", err=True)
        except (BuildFailed, ServiceError) as error:
            raise MlopsError(f"the environment could not be built: {error}") from error
