"""Infrastructure is reconciled: twice is once, killed is finished, drift is seen, what is taken down is gone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops.errors import BadInput, ServiceFailed
from mlops.infra.arm import Manager
from mlops.infra.bicep import Snapshot, snapshot
from mlops.infra.direct import Direct
from tests.commands import Commands
from tests.delivery.conftest import SUBSCRIPTION, TARGETS, World, of
from tests.emulator import Emulator
from tests.project import REPOSITORY, Project

LOGS = "Microsoft.OperationalInsights/workspaces/log-fraud-dev"
TIME = re.compile(r"20\d\d-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-fraud-dev"


# -- twice ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_applied_again_nothing_changes(deployed: World, target: str) -> None:
    again = deployed.project.mlops(*of("infra apply", target), identity=f"{target}-infrastructure")
    assert (again.returncode, again.stdout) == (0, f"{target} (main): no change\n"), again.stderr
    assert again.stderr == ""


def test_the_plan_before_names_everything_and_changes_nothing(deployed: World) -> None:
    said = deployed.said["dev: plan first"].stdout.splitlines()
    assert said[0] == f"dev (main): {len(said) - 1} to create"
    assert any(line.startswith("+ Microsoft.MachineLearningServices/workspaces  mlw-fraud-dev") for line in said)


# -- drift ---------------------------------------------------------------------------------------------


@pytest.fixture
def drifted(deployed: World) -> Iterator[World]:
    """Someone changes how long logs are kept, and makes it right again."""
    logs = f"{GROUP}/providers/{LOGS}"
    with deployed.person() as arm:
        found = arm.get(logs, "2025-02-01")
        assert found
        body = {key: found[key] for key in ("location", "tags", "properties")}
        arm.put(logs, "2025-02-01", {**body, "properties": {**body["properties"], "retentionInDays": 7}})
        yield deployed
        arm.put(logs, "2025-02-01", body)


def test_drift_is_planned_checked_and_mended(drifted: World) -> None:
    project = drifted.project
    plan = project.mlops(*of("infra plan", "dev"), identity="dev-plan")
    assert "~ Microsoft.OperationalInsights/workspaces  log-fraud-dev\n" in plan.stdout
    assert "properties.retentionInDays: 7 → 90" in plan.stdout
    check = project.mlops(*of("infra check", "dev"), identity="dev-plan")
    assert check.returncode == 1
    assert "error: 1 differences" in check.stderr
    document = project.json(*of("infra apply", "dev"), identity="dev-infrastructure")
    (deployment,) = document["deployments"]
    assert [each["id"] for each in deployment["changes"]] == [f"{GROUP}/providers/{LOGS}"]


# -- killed --------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Not an Exception: nothing may catch it and go on."""


class Dying(Manager):
    """A connection whose process dies right after its one put was sent, before the answer is read."""

    def put(self, id: str, version: str, body: dict[str, Any]) -> dict[str, Any]:
        super().put(id, version, body)
        raise Killed


def elsewhere(made: Snapshot, number: int) -> Snapshot:
    """The same deployment in a subscription where nothing is."""
    text = json.dumps([made.resources, made.outputs]).replace(SUBSCRIPTION, SUBSCRIPTION[:-3] + f"{number:03d}")
    return Snapshot(*json.loads(text))


def stack_of(made: Snapshot) -> str:
    return f"{'/'.join(made.resources[0]['id'].split('/')[:3])}/providers/Microsoft.Resources/deploymentStacks/s"


def state(arm: Manager, made: Snapshot) -> dict[str, Any]:
    """What is there of a deployment, with words for what is each subscription's own or differs by chance."""
    found = [arm.get(each["id"], each["apiVersion"]) for each in made.resources]
    text = json.dumps(found).replace(made.resources[0]["id"].split("/")[2], "SUBSCRIPTION")
    for each in found:
        assert each
        for key in ("principalId", "clientId", "workspaceId"):
            if value := (each.get("properties") or {}).get(key):
                text = text.replace(value, f"{key} of {each['name']}")
    whole: list[dict[str, Any]] = json.loads(TIME.sub("TIME", text))
    return {each["id"]: each for each in whole}


@pytest.mark.parametrize("deployment", ["bootstrap", "main.staging"])
def test_killed_at_each_of_its_puts_it_is_finished(local: Emulator, deployment: str) -> None:
    """Every run is killed at its first put and the next one begins anew, until one has nothing left to put."""
    variables = {"TARGET": "staging", "CREATE_ENDPOINT": "false"}
    made = snapshot(REPOSITORY / "infra" / f"{deployment}.bicepparam", SUBSCRIPTION, "westeurope", variables)
    if deployment != "bootstrap":
        made = with_identities(made)
    number = 810 if deployment == "bootstrap" else 820
    killed, whole = elsewhere(made, number), elsewhere(made, number + 1)
    with local.addressed():
        deaths = 0
        arm, dying = Manager(), Dying()
        while deaths <= len(killed.resources) + 1:
            try:
                Direct(dying, killed, stack_of(killed)).apply(lambda line: None)
            except Killed:
                deaths += 1
            else:
                break
        assert deaths == len(killed.resources) + 1  # and the stack
        Direct(arm, whole, stack_of(whole)).apply(lambda line: None)
        assert state(arm, killed) == state(arm, whole)
        assert not Direct(arm, killed, stack_of(killed)).plan().differs


def with_identities(made: Snapshot) -> Snapshot:
    """With the identities and roles that it refers to, and without what is of the endpoint's shell."""
    first = snapshot(
        REPOSITORY / "infra" / "bootstrap.bicepparam", SUBSCRIPTION, "westeurope", {"TARGET": "staging"}
    )
    rest = [each for each in made.resources if "/onlineEndpoints/" not in each["id"]]
    return Snapshot([*first.resources, *rest], made.outputs)


# -- no longer named, taken down -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def alone(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A local Azure ML of its own, to be taken down."""
    project = Project(tmp_path_factory.mktemp("alone") / "home", commands)
    yield project
    project.end()


def test_taken_down_nothing_is_left_and_no_name_is_held(alone: Project) -> None:
    here = ("--target", "local", "--of", "dev")
    assert alone.mlops("infra", "apply", *here).returncode == 0
    gone = alone.mlops("infra", "destroy", *here, "--yes")
    assert gone.returncode == 0, gone.stderr
    assert "purge kvfrauddev" in gone.stderr
    plan = alone.json("infra", "plan", *here, "--deployment", "main")
    assert plan["deployments"][0]["unchanged"] == 0
    assert alone.mlops("infra", "destroy", *here, "--yes").stdout == "there was nothing\n"
    assert alone.mlops("infra", "apply", *here).returncode == 0
    everything = alone.mlops("infra", "destroy", *here, "--yes", "--identities")
    assert "roleDefinitions" in everything.stderr
    assert alone.json("infra", "plan", *here)["deployments"][0]["unchanged"] == 0


def test_production_is_locked(deployed: World) -> None:
    refused = deployed.project.mlops("infra", "destroy", "--target", "local", "--of", "prod", "--yes")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: locked against deletion: ")
    assert refused.stderr.count("\n") == 2
    assert deployed.project.mlops(*of("infra check", "prod"), identity="prod-plan").returncode == 0


# -- bad input -----------------------------------------------------------------------------------------

BAD = (
    (("infra", "plan", "--target", "nowhere"), 2, "there is no target 'nowhere'"),
    (("infra", "plan", "--target", "local", "--of", "nowhere"), 2, "there is no target 'nowhere'"),
    (("infra", "plan", "--target", "local", "--deployment", "x"), 2, "there is no deployment 'x'"),
    (("infra", "plan", "--target", "dev", "--of", "dev"), 2, "--of goes with --target local"),
    (("infra", "plan", "--target", "local", "--of", "local"), 2, "--of local"),
    (("infra", "plan", "--output", "yaml"), 2, "--output yaml"),
)


@pytest.mark.parametrize(("words", "code", "says"), BAD)
def test_bad_words(deployed: World, words: tuple[str, ...], code: int, says: str) -> None:
    ended = deployed.project.mlops(*words)
    assert ended.returncode == code
    assert ended.stderr.startswith("error: ")
    assert says in ended.stderr
    assert ended.stderr.count("\n") <= 2


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("param target = 'dev'", "param target = 'production'", "line 5: Expected a value of type"),
        (
            "readEnvironmentVariable('AZURE_LOCATION', 'westeurope')",
            "readEnvironmentVariable('NOWHERE')",
            "NOWHERE",
        ),
        ("param workload = 'fraud'\n", "", "workload"),
        ("using 'main.bicep'", "using 'none.bicep'", "none.bicep"),
    ],
)
def test_what_bicep_refuses_is_one_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    import shutil

    folder = Path(shutil.copytree(REPOSITORY / "infra", tmp_path / "infra"))
    file = folder / "main.dev.bicepparam"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(BadInput) as refused:
        snapshot(file, SUBSCRIPTION, "westeurope", {})
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_a_name_that_is_taken_says_which_and_the_next_run_finishes(local: Emulator) -> None:
    """A vault's name that a deleted one holds; once it is purged, the same command goes on from there."""
    made = elsewhere(
        with_identities(
            snapshot(
                REPOSITORY / "infra" / "main.staging.bicepparam",
                SUBSCRIPTION,
                "westeurope",
                {"CREATE_ENDPOINT": "false"},
            )
        ),
        803,
    )
    (vault,) = (each for each in made.resources if each["type"] == "Microsoft.KeyVault/vaults")
    other = vault["id"].replace("rg-fraud-staging", "rg-other")
    with local.addressed():
        arm = Manager()
        arm.put(other.split("/providers/")[0], "2025-04-01", {"location": "westeurope"})
        arm.put(other, vault["apiVersion"], {"location": "westeurope", "properties": {}})
        arm.delete(other, vault["apiVersion"])
        with pytest.raises(ServiceFailed, match="already exists in deleted state") as refused:
            Direct(arm, made, stack_of(made)).apply(lambda line: None)
        assert vault["name"] in str(refused.value)
        assert refused.value.hint
        held = (
            f"{other.split('/resourceGroups/')[0]}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults"
        )
        arm.post(f"{held}/{vault['name']}/purge", "2023-07-01")
        Direct(arm, made, stack_of(made)).apply(lambda line: None)
        assert not Direct(arm, made, stack_of(made)).plan().differs


def test_without_the_identities_it_says_who_makes_them(alone: Project) -> None:
    ended = alone.mlops("infra", "apply", "--target", "local", "--of", "staging", "--deployment", "main")
    assert ended.returncode == 2
    assert "rg-fraud-staging-delivery" in ended.stderr
    assert "hint: mlops bootstrap makes identities" in ended.stderr
