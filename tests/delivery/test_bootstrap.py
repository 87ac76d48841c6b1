"""`mlops bootstrap` whole, against the local Azure ML; az and gh are recorders, everything else is real."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import date

import pytest
from typer.testing import CliRunner

from mlops.bootstrap.steps import Steps
from mlops.cli.main import app
from mlops.infra.arm import Manager
from mlops.infra.direct import STACK_VERSION
from tests.emulator import REPOSITORY, Emulator, variables
from tests.small import small
from tests.unit.mlops.bootstrap.world import SUBSCRIPTION, World

IDENTITIES = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities"


@pytest.fixture(scope="module")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A fork on a machine whose az and gh answer from a file, and whose Azure is a local Azure ML."""
    folder = tmp_path_factory.mktemp("bootstrap")
    world = World(folder)
    world.project.mkdir()
    for name in ("infra", "components", "pipelines", "environments", "src"):
        (world.project / name).symlink_to(REPOSITORY / name)
    world.reset()
    (world.project / "mlops.toml").write_text(small())
    own = world.environment(os.environ["PATH"])
    with (
        Emulator.at(folder / "home").running() as emulator,
        emulator.addressed(),
        variables(**own, AZUREML_LOCAL_HOME=str(emulator.home.root)),
        contextlib.chdir(world.project),
    ):
        yield world
    shutil.rmtree(emulator.home.root)


def bootstrap(world: World, *words: str) -> str:
    """One run with the real steps; what it said."""
    steps = Steps(pause=world.paused.append, today=lambda: date(2026, 11, 23))
    arguments = ["bootstrap", "--target", "dev", "--repository", "acme/fraud", *words]
    ended = CliRunner().invoke(app, arguments, obj=steps)
    assert ended.exit_code == 0, (ended.exception, ended.stderr)
    return ended.stdout + ended.stderr


def test_from_nothing_to_a_first_training_run(bootstrapped: World) -> None:
    world = bootstrapped
    dry = bootstrap(world, "--dry-run")
    assert "deploy infra/main.dev.bicepparam" in dry
    assert world.writes() == []
    with pytest.raises(AssertionError):
        stack()
    said = bootstrap(world)
    assert "gate: " in said or "completed" in said
    assert world.paused == []
    assert f'subscription_id = "{SUBSCRIPTION}"' in (world.project / "mlops.toml").read_text()
    made = stack()
    assert any(each["id"].endswith("/workspaces/mlw-fraud-dev") for each in made["properties"]["resources"])
    for name, environment in world.state["gh"]["environments"].items():
        identity = Manager().get(
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-fraud-dev-delivery{IDENTITIES}/id-fraud-{name}",
            "2024-11-30",
        )
        assert identity
        assert environment["variables"]["AZURE_CLIENT_ID"] == identity["properties"]["clientId"]


def stack() -> dict[str, dict[str, list[dict[str, str]]]]:
    """What the local Azure ML holds of the target's deployment."""
    found = Manager().get(
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Resources/deploymentStacks/fraud-dev", STACK_VERSION
    )
    assert found is not None
    return found


def test_again_nothing_is_made_twice(bootstrapped: World) -> None:
    before = stack()
    said = bootstrap(bootstrapped, "--no-smoke-test")
    assert "create Microsoft" not in said
    assert "change Microsoft" not in said
    assert stack() == before
