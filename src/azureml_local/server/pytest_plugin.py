"""A pytest plugin: one local Azure ML for the tests of a process, and a workspace of its own for each test.

It comes with this package, and starts nothing until a test asks for one of its fixtures:

    def test_it(ml_client):
        ml_client.data.create_or_update(Data(name="rows", version="1", path="rows.csv"))

pytest loads this file wherever the package is installed, so that what costs time is imported where it is used.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ..machine.home import Home
from . import control

if TYPE_CHECKING:
    from typing import Self

    from azure.ai.ml import MLClient

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = "tests"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Each as an option of the command line and, with underscores, of the ini file."""
    group = parser.getgroup("azureml_local", "Azure Machine Learning on this machine")
    home = "keep the server's state in this folder and not in a temporary one"
    group.addoption("--azureml-local-home", metavar="FOLDER", help=home)
    parser.addini("azureml_local_home", home, default="")
    environments = "where built environments are kept from run to run (default: .azureml-local/environments)"
    group.addoption("--azureml-local-environments", metavar="FOLDER", help=environments)
    parser.addini("azureml_local_environments", environments, default=".azureml-local/environments")
    allow = "a parity rule that is switched off; repeatable"
    group.addoption("--azureml-local-allow", metavar="RULE", action="append", help=allow)
    parser.addini("azureml_local_allow", allow, type="args", default=())


def _option(config: pytest.Config, name: str) -> Any:
    """As the command line has it, else as the ini file has it."""
    return config.getoption(f"azureml_local_{name}") or config.getini(f"azureml_local_{name}")


@dataclass(frozen=True)
class Server:
    """A server in a home of its own. `allow` are the parity rules that are switched off.

    `environments` is where built environments lie; several servers share it.
    """

    home: Home
    environments: Path
    allow: tuple[str, ...] = ()

    def start(self, **options: Any) -> Self:
        """Start it unless it runs, with the options of `control.start`. Raises LocalError."""
        with variables(AZUREML_LOCAL_ENVIRONMENTS=str(self.environments)):
            control.start(self.home, port=0, allow=self.allow, **options)
        return self

    def stop(self) -> None:
        """End it and everything that it started."""
        control.stop(self.home)

    @contextlib.contextmanager
    def running(self) -> Iterator[Self]:
        """Start it, and at the end see that nothing is left of it but its folder."""
        try:
            yield self.start()
        finally:
            self.end()

    def end(self) -> None:
        """Stop it, and see that no process is left and that it met no error of its own."""
        self.stop()
        log = self.home.logs / "server.log"
        said = log.read_text(errors="replace") if log.exists() else ""  # a reset takes it away
        if "Traceback" in said:
            pytest.fail(f"the local Azure ML met an error of its own:\n{said}")
        if left := self.processes():
            pytest.fail("\n".join(("the local Azure ML left processes behind:", *left)))

    @contextlib.contextmanager
    def addressed(self, identity: str = "") -> Iterator[Self]:
        """Point azure-ai-ml and DefaultAzureCredential of this process at it.

        With the name of a GitHub environment: as the identity that trusts it, held to its roles.
        """
        with variables(**control.variables(self.home, identity)):
            yield self

    def processes(self) -> list[str]:
        """The processes that name its home in their arguments or their environment."""
        listed = subprocess.run(
            ["ps", "axeww", "-o", "pid=,stat=,command="],  # noqa: S607 - ww: not cut to a terminal's width
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return [line for line in listed.splitlines() if str(self.home.root) in line and " Z" not in line]


@dataclass(frozen=True)
class Workspace:
    """A workspace that no other test has. It exists from its first use."""

    subscription_id: str
    resource_group: str
    name: str


@dataclass(frozen=True)
class Time:
    """The time that a server has. It passes for everything that the server remembers, and for every test on it."""

    home: Home

    def now(self) -> datetime:
        return datetime.fromisoformat(control.ask(self.home, "/clock")["now"])

    def pass_(self, **span: float) -> datetime:
        """Let a span of time pass at once, `days=14`; the time after it. Raises LocalError for one backwards."""
        asked = {"seconds": timedelta(**span).total_seconds()}
        return datetime.fromisoformat(control.ask(self.home, "/clock", "POST", asked)["now"])


@dataclass(frozen=True)
class Faults:
    """The faults of a server (arm/faults.py says what one is)."""

    home: Home

    def add(self, operation: str, **what: Any) -> None:
        """Let requests fail: `add("PUT workspaces/jobs", status=429, call=2)`. Raises LocalError."""
        control.ask(self.home, "/faults", "POST", {"operation": operation, **what})

    def seen(self) -> list[dict[str, Any]]:
        """Each fault, and how many requests it has `seen`."""
        found: list[dict[str, Any]] = control.ask(self.home, "/faults")["faults"]
        return found

    def clear(self) -> None:
        """Take all of them back."""
        control.ask(self.home, "/faults", "DELETE")


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


@pytest.fixture(scope="session")
def local_server(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that all tests of this process share. No process is pointed at it yet."""
    environments = pytestconfig.rootpath / _option(pytestconfig, "environments")
    kept = _option(pytestconfig, "home")
    # pytest-xdist's workers are processes of their own: each has its server
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    folder = pytestconfig.rootpath / kept / worker if kept else tmp_path_factory.mktemp("azureml-local")
    with Server(Home.at(folder), environments, tuple(_option(pytestconfig, "allow"))).running() as server:
        yield server
    if not kept:
        shutil.rmtree(folder)


@pytest.fixture
def local_workspace(local_server: Server) -> Iterator[Workspace]:
    """A fresh workspace; during the test azure-ai-ml and DefaultAzureCredential find it instead of Azure."""
    with local_server.addressed():
        yield Workspace(SUBSCRIPTION, GROUP, fresh("ws"))


@pytest.fixture
def ml_client(local_workspace: Workspace) -> MLClient:
    """A client of a fresh workspace."""
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    here = local_workspace
    return MLClient(DefaultAzureCredential(), here.subscription_id, here.resource_group, here.name)


@pytest.fixture
def clock(local_server: Server) -> Time:
    """The time of the server that all tests of this process share: it passes for all of them."""
    return Time(local_server.home)


@pytest.fixture
def faults(local_server: Server) -> Iterator[Faults]:
    """Faults of the server that all tests of this process share; they end with the test."""
    found = Faults(local_server.home)
    yield found
    found.clear()
