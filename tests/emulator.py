"""An emulator that tests start, kill and look into, from outside, as a person would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from azureml_local.machine.home import Home
from azureml_local.server import control

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

REPOSITORY = Path(__file__).parents[1]
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "tests"
CANARY = "AZUREML_LOCAL_TEST_CANARY"
"""A variable of the server's environment that no step may see."""
LIMIT = 120.0
"""Seconds after which a job is taken to hang."""
ENDED = ("Completed", "Failed", "Canceled")


@dataclass
class Emulator:
    """A server in a home of its own. `allow` are the parity rules that are switched off."""

    home: Home
    allow: tuple[str, ...] = ()

    @classmethod
    def at(cls, folder: Path, *allow: str) -> Emulator:
        return cls(Home.at(folder), allow)

    def start(self, **options: Any) -> Emulator:
        with variables(AZUREML_LOCAL_ENVIRONMENTS=str(ENVIRONMENTS), **{CANARY: "seen"}):
            control.start(self.home, port=0, allow=self.allow, **options)
        return self

    @property
    def server(self) -> dict[str, Any]:
        found = control.status(self.home)
        assert found is not None, "the server does not run"
        return found

    @property
    def base(self) -> str:
        return str(self.server["base"])

    @contextlib.contextmanager
    def addressed(self) -> Iterator[Emulator]:
        """Point azure-ai-ml and DefaultAzureCredential of this process at this emulator."""
        with variables(**control.variables(self.home)):
            yield self

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

    def stop(self) -> None:
        control.stop(self.home)

    def processes(self) -> list[str]:
        """The processes that name this home in their arguments or their environment."""
        listed = subprocess.run(
            ["ps", "axeww", "-o", "pid=,stat=,command="],
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return [line for line in listed.splitlines() if str(self.home.root) in line and " Z" not in line]


ENVIRONMENTS = REPOSITORY / ".azureml-local" / "environments"
"""Built environments are shared by every test and kept between runs."""


@contextlib.contextmanager
def variables(**values: str) -> Iterator[None]:
    """Variables of this process for a while."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def fresh(prefix: str) -> str:
    """A name that nobody has used."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


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
