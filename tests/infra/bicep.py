"""The Bicep command line: found, run once, and kept warm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INFRA = Path(__file__).resolve().parents[2] / "infra"
TENANT = "11111111-1111-1111-1111-111111111111"
LOCATION = "westeurope"
PINNED = (
    "AZURE_LOCATION",
    "ALERT_EMAIL",
    "CREATE_ENDPOINT",
    "TARGET",
    "GITHUB_",
    "REGISTRY_ID",
    "DEV_SUBSCRIPTION",
    "STAGING_SUBSCRIPTION",
    "PROD_SUBSCRIPTION",
)
"""Variables that the parameter files read: a person's own would change what is compared."""


def find() -> str | None:
    """Where Bicep is: on PATH, or where `az bicep install` puts it."""
    installed = Path.home() / ".azure" / "bin" / "bicep"
    return shutil.which("bicep") or (str(installed) if installed.exists() else None)


def environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(PINNED)}
    # Without this it aborts at start where the ICU library is missing.
    return {**own, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1", "DOTNET_CLI_TELEMETRY_OPTOUT": "1"}


def run(executable: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end. Its exit code is for the caller to judge."""
    return subprocess.run(
        [executable, *arguments], capture_output=True, text=True, check=False, timeout=120, env=environment()
    )


class Refused(Exception):
    """Bicep does not accept the file."""


@dataclass(frozen=True)
class Compiled:
    """A file that was compiled: what was said of it, and the template unless there was an error."""

    diagnostics: list[str]
    template: dict[str, Any] | None


class Warm:
    """One `bicep jsonrpc` process that answers many questions, and sees edits of the files between them."""

    def __init__(self, executable: str) -> None:
        self._process = subprocess.Popen(
            [executable, "jsonrpc", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # compiled in full at once, not in tiers: what is asked hundreds of times is worth it
            env={**environment(), "DOTNET_TieredCompilation": "0"},
        )
        self._asked = 0

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def compile(self, path: Path) -> Compiled:
        answer = self._ask("bicep/compile", {"path": str(path)})
        said = [f"{each['code']}: {each['message']}" for each in answer["diagnostics"] if each["level"] != "Off"]
        return Compiled(said, json.loads(answer["contents"]) if answer.get("contents") else None)

    def parameters(self, path: Path) -> list[str]:
        """What is said of a parameter file."""
        answer = self._ask("bicep/compileParams", {"path": str(path), "parameterOverrides": {}})
        return [f"{each['code']}: {each['message']}" for each in answer["diagnostics"] if each["level"] != "Off"]

    def format(self, path: Path) -> str:
        return str(self._ask("bicep/format", {"path": str(path)})["contents"])

    def snapshot(self, parameters: Path, subscription: str) -> dict[str, Any]:
        """What a deployment with this parameter file would be. Raises Refused."""
        metadata = {
            "tenantId": TENANT,
            "subscriptionId": subscription,
            "location": LOCATION,
            "deploymentName": "infra",
            "resourceGroup": None,
        }
        answer = self._ask(
            "bicep/getSnapshot", {"path": str(parameters), "metadata": metadata, "externalInputs": None}
        )
        snapshot: dict[str, Any] = json.loads(answer["snapshot"])
        return snapshot

    def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._asked += 1
        body = json.dumps({"jsonrpc": "2.0", "id": self._asked, "method": method, "params": [parameters]}).encode()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            elif self._process.poll() is not None:
                raise Refused("bicep has ended")
        answer = json.loads(self._process.stdout.read(length))
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result
