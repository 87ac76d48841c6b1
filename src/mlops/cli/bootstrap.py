"""`mlops bootstrap`: from nothing to a first training run in Azure."""

from __future__ import annotations

from typing import Annotated

import typer


def bootstrap(
    context: typer.Context,
    target: Annotated[str, typer.Option("--target", "-t", help="dev, staging or prod")] = "dev",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="check, and print every call that would change something")
    ] = False,
    subscription: Annotated[
        str | None, typer.Option(help="its id (default: that of mlops.toml, else the one az is set to)")
    ] = None,
    location: Annotated[str | None, typer.Option(help="the region (default: that of infra/)")] = None,
    repository: Annotated[str | None, typer.Option(help="OWNER/NAME on GitHub (default: that of origin)")] = None,
    reviewer: Annotated[
        list[str] | None,
        typer.Option(help="LOGIN or ORGANIZATION/TEAM that approves releases; may be repeated (default: you)"),
    ] = None,
    review: Annotated[
        bool, typer.Option("--review/--no-review", help="whether releases of staging and prod wait for approval")
    ] = True,
    smoke_test: Annotated[
        bool, typer.Option("--smoke-test/--no-smoke-test", help="end with a training run on generated data")
    ] = True,
) -> None:
    """Check everything, then make a target in Azure and GitHub's environments, and train once."""
    from .. import config
    from ..bootstrap import checks, making
    from ..bootstrap.steps import Steps
    from ..output import Console
    from ..tools import Calls

    console = Console()
    request = checks.Request(
        target=target,
        dry_run=dry_run,
        subscription=subscription,
        location=location,
        repository=repository,
        reviewers=tuple(reviewer or ()),
        review=review,
        smoke_test=smoke_test,
    )
    # A caller in Python, such as a test, hands in other steps as the context's object.
    steps = context.find_object(Steps) or Steps()
    lines = making.bootstrap(request, config.load(), steps, Calls(console.say, dry=dry_run))
    console.result({}, lines)
