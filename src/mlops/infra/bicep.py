"""The Bicep command line: a parameter file, evaluated without a network into what it would deploy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadInput

HINT = "install it: https://aka.ms/bicep-install, or `az bicep install`"
Resource = dict[str, Any]
"""One resource of a snapshot."""
TENANT = "11111111-1111-1111-1111-111111111111"
"""Stands for the tenant in an evaluation; nothing that is deployed depends on it."""
SAID = re.compile(r"^(?P<file>.*?)\((?P<line>\d+),\d+\) : (?P<kind>Error|Warning) (?P<code>[\w-]+): (?P<text>.*)$")
SECONDS = 300


@dataclass(frozen=True)
class Snapshot:
    """What a deployment would make, in order, and its outputs."""

    resources: list[Resource]
    outputs: dict[str, Any]


def resources_of(path: Path) -> list[Resource]:
    """The resources of a reviewed snapshot, or of one that `bicep snapshot` wrote. Raises BadInput."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        resources: list[Resource] = document.get("resources") or document["predictedResources"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise BadInput(f"{path} is not a snapshot: {error}", "`bicep snapshot` writes one") from error
    return resources


def find() -> str:
    """Where Bicep is: on PATH, or where `az bicep install` puts it. Raises BadInput."""
    installed = Path.home() / ".azure" / "bin" / "bicep"
    found = shutil.which("bicep") or (str(installed) if installed.exists() else None)
    if found is None:
        raise BadInput("the Bicep command line is not installed", HINT)
    return found


def snapshot(parameters: Path, subscription: str, location: str, variables: Mapping[str, str]) -> Snapshot:
    """Evaluate a parameter file with these variables. Raises BadInput with the first thing that Bicep refuses."""
    if not parameters.is_file():
        raise BadInput(f"there is no infra/{parameters.name}", "copy infra/main.dev.bicepparam, and adapt it")
    with tempfile.TemporaryDirectory() as folder:
        # Bicep writes its answer beside the parameter file: it works on a copy.
        copy = Path(shutil.copytree(parameters.parent, Path(folder) / "infra")) / parameters.name
        options = {
            "mode": "overwrite",
            "tenant-id": TENANT,
            "subscription-id": subscription,
            "location": location,
            "deployment-name": "infra",
        }
        flat = [word for name, value in options.items() for word in (f"--{name}", value)]
        _run("snapshot", str(copy), *flat, variables=variables)
        content = json.loads(copy.with_suffix(".snapshot.json").read_text(encoding="utf-8"))
    return Snapshot(content["predictedResources"], content.get("outputs") or {})


def warnings(folder: Path) -> list[str]:
    """What linting every file of a folder says."""
    said = _run("lint", "--pattern", str(folder / "**" / "*.bicep"), variables={}, strict=False)
    return [line.strip() for line in said.splitlines() if SAID.match(line.strip())]


def _run(*arguments: str, variables: Mapping[str, str], strict: bool = True) -> str:
    """What one command says. Raises BadInput where it fails, unless the caller judges."""
    ended = subprocess.run(
        [find(), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        # Without the last one it aborts at start where the ICU library is missing.
        env={**os.environ, **variables, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
    )
    if strict and ended.returncode:
        raise _refusal(ended.stderr or ended.stdout)
    return ended.stdout + ended.stderr


def _refusal(said: str) -> BadInput:
    """The first error of what Bicep said, with its file and line."""
    for line in said.splitlines():
        found = SAID.match(line.strip())
        if found and found["kind"] == "Error":
            name = "infra/" + found["file"].replace("\\", "/").rpartition("/infra/")[2]
            return BadInput(f"{name}, line {found['line']}: {found['text']} ({found['code']})")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return BadInput(f"Bicep refuses the deployment: {lines[0] if lines else 'it does not say why'}")
