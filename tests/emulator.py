"""An emulator that tests start, kill and look into, from outside, as a person would."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from azureml_local.machine.home import Home
from azureml_local.server import control
from azureml_local.server.pytest_plugin import GROUP, SUBSCRIPTION, Server, fresh, variables

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

__all__ = ["CANARY", "GROUP", "SUBSCRIPTION", "Emulator", "ended", "fresh", "variables", "wait_for"]

REPOSITORY = Path(__file__).parents[1]
ENVIRONMENTS = REPOSITORY / ".azureml-local" / "environments"
"""Built environments are shared by every test and kept between runs."""
CANARY = "AZUREML_LOCAL_TEST_CANARY"
"""A variable of the server's environment that no step may see."""
LIMIT = 120.0
"""Seconds after which a job is taken to hang."""
ENDED = ("Completed", "Failed", "Canceled")


class Emulator(Server):
    """A server, and what only tests of it want: its answers without the SDK, and its death."""

    @classmethod
    def at(cls, folder: Path, *allow: str) -> Emulator:
        return cls(Home.at(folder), ENVIRONMENTS, allow)

    @property
    def server(self) -> dict[str, Any]:
        found = control.status(self.home)
        assert found is not None, "the server does not run"
        return found

    @property
    def base(self) -> str:
        return str(self.server["base"])

    def client(self, workspace: str | None = None) -> MLClient:
        """A client of a workspace that no other test has. Only while `addressed`."""
        from azure.ai.ml import MLClient
        from azure.identity import DefaultAzureCredential

        return MLClient(DefaultAzureCredential(), SUBSCRIPTION, GROUP, workspace or fresh("ws"))

    def http(self, **options: Any) -> httpx.Client:
        """A plain client that trusts the emulator and shows no token unless it is given one."""
        import ssl

        trust = ssl.create_default_context(cafile=str(control.authority(self.home)))
        return httpx.Client(base_url=self.base, verify=trust, trust_env=False, timeout=60, **options)

    def token(self, audience: str = "https://management.azure.com/.default") -> str:
        """A token as DefaultAzureCredential gets it. Only while `addressed`."""
        from azure.identity import DefaultAzureCredential

        return DefaultAzureCredential().get_token(audience).token

    def kill(self) -> None:
        """SIGKILL to the server, and wait until it is gone; what it started stays."""
        pid = self.server["pid"]
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def wait_for(condition: Any, what: str) -> Any:
    """The first true value of `condition()`. Fails if there is none for a long time."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def ended(client: MLClient, name: str) -> Any:
    """The job once it has ended."""

    def job() -> Any:
        found = client.jobs.get(name)
        return found if found.status in ENDED else None

    return wait_for(job, f"the end of the job {name}")
