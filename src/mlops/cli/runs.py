"""Commands that look: what there is, and what a run said."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import Output, Target, opened


def status(
    target: Target = "local",
    job: Annotated[str | None, typer.Option(help="show this run: its steps and why it failed")] = None,
    output: Output = "text",
) -> None:
    """Show the last runs, the registered versions, and what the endpoint serves and has answered lately."""
    from ..release import live
    from ..report import status as report

    here = opened(target, output)
    if job:
        document = report.run(here.client, job)
    else:
        document = report.everything(here.client, here.config, here.target)
        document["endpoint"] = live.observed(here.client, here.config, here.target, document["endpoint"])
    here.console.result(document, report.lines(document, markdown=here.markdown))


def logs(
    job: Annotated[str, typer.Argument(help="a run")],
    step: Annotated[str | None, typer.Argument(help="a step of it (default: all of them)")] = None,
    target: Target = "local",
    follow: Annotated[
        bool, typer.Option("--follow", help="wait for what still runs; each log when its step has ended")
    ] = False,
    output: Output = "text",
) -> None:
    """Print what the steps of a run wrote."""
    from ..workspace import logs as reading

    here = opened(target, output)
    found = (reading.follow if follow else reading.logs_of)(here.client, job, step)
    if here.console.form == "json":
        logs = [{"step": each.step.name, "status": each.step.status, "log": each.text} for each in found]
        here.console.result({"job": job, "logs": logs}, [])
        return
    for each in found:
        waiting = f"it has not ended: mlops logs {job} {each.step.name} --follow"
        head = [f"==> {each.step.name} ({each.step.status}) <=="] if step is None else []
        here.console.result({}, [*head, waiting if each.text is None else each.text])


def cancel(
    job: Annotated[str, typer.Argument(help="a run")],
    target: Target = "local",
    output: Output = "text",
) -> None:
    """End a run and its steps. One that has ended stays as it ended; one that never began is fine, too."""
    from ..workspace import runs

    here = opened(target, output)
    status = runs.cancel(here.client, job, here.console.say)
    here.console.result(
        {"job": job, "status": status}, f"{job} is {status}" if status else f"there is no run {job}"
    )
