"""What a job's runner takes and gives: step outputs, annotations, and the identity that the job has in Azure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import BadInput
from ..workspace.connect import LOCAL

VARIABLES = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID")
"""What the bootstrap writes into each GitHub environment."""


def outputs(values: Mapping[str, str]) -> None:
    """Give the job these outputs of its step. Outside a workflow there is nobody to give them to."""
    file = os.environ.get("GITHUB_OUTPUT")
    if not file:
        return
    for name, value in values.items():
        if "\n" in value or "\r" in value:
            raise BadInput(f"the output {name} has more than one line: {value!r}")
    with Path(file).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in values.items())


def annotation(level: str, message: str, **properties: object) -> str:
    """A workflow command that shows a message beside the code; `properties`: file, line, title."""
    said = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items() if value)
    return f"::{level}{' ' if said else ''}{said}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """Text of somebody else's that cannot end the command or begin another one."""
    for letter in f"%\r\n{more}":
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text


def identity(target: str, say: Callable[[str], None]) -> dict[str, str]:
    """Where the job works, and as whom. Raises BadInput where the variables of its environment are missing."""
    if target == LOCAL:
        say("this machine: the local Azure ML, no subscription and no secret")
        return {"target": LOCAL}
    environment = os.environ.get("ENVIRONMENT") or "of this job"
    missing = [name for name in VARIABLES if not os.environ.get(name)]
    if missing:
        raise BadInput(
            f"the GitHub environment {environment} has no variable {', '.join(missing)}: no identity for {target}",
            f"mlops bootstrap --target {target}",
        )
    client = os.environ["AZURE_CLIENT_ID"]
    say(f"Azure, {target}: the identity of the GitHub environment {environment} (client id {client})")
    return {"target": target, "environment": environment, "client_id": client}
