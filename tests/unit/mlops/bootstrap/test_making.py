"""What is made, in which order, and what a second run changes."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from mlops.bootstrap.smoke import BLOB_DATA_CONTRIBUTOR, TRIES

from .world import CLASSES, PERSON, SUBSCRIPTION, TENANT, World

ALLOWED = {"pull-request": [], "train": ["main"], "release": ["main"], "plan": [], "infrastructure": ["main"]}


def environments(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.state["gh"]["environments"]
    return found


def test_from_nothing_to_a_first_run(world: World) -> None:
    ended = world.run()
    assert ended.code == 0, ended.said
    state = world.state
    assert state["deployed"]["bootstrap"] == {
        "TARGET": "dev",
        "AZURE_LOCATION": "westeurope",
        "GITHUB_OWNER": "Acme",
        "GITHUB_REPOSITORY_NAME": "Fraud",
        "GITHUB_OWNER_ID": "1001",
        "GITHUB_REPOSITORY_ID": "2002",
    }
    assert state["deployed"]["main"] == state["deployed"]["bootstrap"] | {"CREATE_ENDPOINT": "true"}
    assert tomllib.loads((world.project / "mlops.toml").read_text())["targets"]["dev"] == {
        "subscription_id": SUBSCRIPTION,
        "resource_group": "rg-fraud-dev",
        "workspace": "mlw-fraud-dev",
        "compute": "cpu-cluster",
        "endpoint": "fraud-dev",
        "instance_type": "Standard_DS2_v2",
        "instance_count": 1,
    }
    assert state["trained"] == ["dev"]
    assert set(environments(world)) == {f"dev-{each}" for each in CLASSES}
    for name, each in environments(world).items():
        kind = name.removeprefix("dev-")
        assert each["variables"] == {
            "AZURE_CLIENT_ID": f"client-{kind}",
            "AZURE_TENANT_ID": TENANT,
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
        }
        assert each["branches"] == ALLOWED[kind]
        assert each["reviewers"] == []
        assert each["tags"] == (["fraud-v*"] if kind == "release" else [])
    assert state["gh"]["variables"] == {"AZURE_TARGETS": '["dev"]'}
    assert "a first run has trained" in ended.out


def test_the_repository_names_its_targets_in_the_order_of_mlops_toml(world: World) -> None:
    world.change(gh__variables={"AZURE_TARGETS": '["prod", "own"]', "THEIRS": "1"})
    world.run(target="staging")
    assert world.state["gh"]["variables"] == {"AZURE_TARGETS": '["staging", "prod", "own"]', "THEIRS": "1"}


def test_the_order_is_identities_then_the_target_then_github_then_training(world: World) -> None:
    world.run()
    kinds = [each.split()[0] for each in world.writes()]
    assert kinds[:3] == ["apply", "apply", "settings"]
    assert kinds[-2:] == ["az", "train"]
    assert set(kinds[3:-2]) == {"gh"}


def test_an_environment_is_protected_before_it_has_an_identity(world: World) -> None:
    world.run(target="staging")
    of_release = [each for each in world.writes() if "staging-release" in each]
    assert [each.split()[1:4] for each in of_release] == [
        ["api", "--method", "PUT"],
        ["api", "--method", "POST"],
        ["api", "--method", "POST"],
        ["variable", "set", "--env"],
    ]


def test_nothing_that_is_sent_stands_in_the_arguments(world: World) -> None:
    world.run()
    sent = [each for each in world.calls() if each["program"] == "gh" and each["writes"]]
    assert all("--input" in each["arguments"] or "--env-file" in each["arguments"] for each in sent)
    assert all("client-" not in " ".join(each["arguments"]) for each in sent)


def test_a_second_run_deploys_again_and_changes_nothing(world: World) -> None:
    world.run()
    before, calls = world.end_state(), len(world.writes())
    ended = world.run()
    assert ended.code == 0, ended.said
    assert world.end_state() == before
    assert world.writes()[calls:] == ["apply bootstrap", "apply main", "settings dev", "train dev"]


def test_the_endpoint_is_put_once_and_never_again(world: World) -> None:
    world.run("--no-smoke-test")
    world.run("--no-smoke-test")
    assert world.state["deployed"]["main"]["CREATE_ENDPOINT"] == "false"


@pytest.mark.parametrize(("traffic", "again"), [({}, "true"), ({"blue": 100}, "false")])
def test_an_endpoint_that_failed_is_put_again_unless_it_has_traffic(
    world: World, traffic: dict[str, int], again: str
) -> None:
    world.run("--no-smoke-test")
    failed = {"name": "fraud-dev", "properties": {"provisioningState": "Failed", "traffic": traffic}}
    world.change(az__endpoints=[failed])
    ended = world.run("--dry-run")
    assert f"CREATE_ENDPOINT={again}" in ended.out


def test_the_person_may_write_the_storage_before_training(world: World) -> None:
    world.run()
    (grant,) = world.state["az"]["roleAssignments"]
    assert grant["principalId"] == PERSON
    assert grant["principalType"] == "User"
    assert grant["roleDefinitionId"].endswith(BLOB_DATA_CONTRIBUTOR)
    assert grant["scope"].endswith("/storageAccounts/stfrauddevm3fqy2ji")


def test_training_waits_until_the_grant_is_in_force(world: World) -> None:
    world.not_yet = 3
    ended = world.run()
    assert ended.code == 0, ended.said
    assert len(world.paused) == 3
    assert world.state["trained"] == ["dev"]


def test_training_that_is_refused_for_ever_is_told_and_the_rest_is_made(world: World) -> None:
    world.not_yet = TRIES
    ended = world.run()
    assert ended.code == 1
    assert ended.error.startswith("the smoke test: AuthorizationPermissionMismatch")
    assert "mlops bootstrap --target dev" in ended.hint
    assert len(environments(world)) == 5


def test_without_a_smoke_test_nothing_is_granted(world: World) -> None:
    ended = world.run("--no-smoke-test")
    assert ended.code == 0, ended.said
    assert world.state["az"]["roleAssignments"] == []
    assert world.state["trained"] == []
    assert "trained" not in ended.out


def test_providers_are_registered_and_waited_for(world: World) -> None:
    state = world.state
    state["az"]["providers"] |= {"Microsoft.Cdn": "NotRegistered", "Microsoft.PolicyInsights": "Unregistered"}
    del state["az"]["providers"]["Microsoft.Network"]
    world.state = state
    ended = world.run()
    assert ended.code == 0, ended.said
    registered = [each.split()[4] for each in world.writes() if "provider register" in each]
    assert registered == ["Microsoft.Network", "Microsoft.PolicyInsights", "Microsoft.Cdn"]
    assert world.paused == [10.0]
    assert set(world.state["az"]["providers"].values()) == {"Registered"}


def test_what_only_a_registered_provider_answers_is_checked_before_anything_is_made(world: World) -> None:
    state = world.state
    for name in ("Microsoft.MachineLearningServices", "Microsoft.Storage", "Microsoft.KeyVault"):
        state["az"]["providers"][name] = "NotRegistered"
    state["az"]["usages"][4]["limit"] = 0
    state["az"]["taken"] = ["stfrauddevm3fqy2ji"]
    world.state = state
    dry = world.run("--dry-run")
    assert dry.code == 0, dry.said
    assert "are checked once registered" in dry.said
    ended = world.run()
    assert ended.code == 2
    assert len(ended.missing) == 2
    assert all("provider register" in each for each in world.writes())


def test_releases_of_staging_wait_for_a_person(world: World) -> None:
    ended = world.run(target="staging")
    assert ended.code == 0, ended.said
    made = environments(world)
    person = [{"type": "User", "id": 11}]
    assert {name: each["reviewers"] for name, each in made.items()} == {
        "staging-pull-request": [],
        "staging-train": [],
        "staging-release": person,
        "staging-plan": [],
        "staging-infrastructure": person,
    }
    assert {name.removeprefix("staging-"): each["branches"] for name, each in made.items()} == ALLOWED


def test_reviewers_are_people_and_teams(world: World) -> None:
    ended = world.run("--reviewer", "grace", "--reviewer", "acme/risk", target="prod")
    assert ended.code == 0, ended.said
    assert environments(world)["prod-release"]["reviewers"] == [
        {"type": "User", "id": 12},
        {"type": "Team", "id": 13},
    ]


def test_no_review_leaves_the_branch_policy(world: World) -> None:
    world.run("--no-review", target="prod")
    assert environments(world)["prod-release"]["reviewers"] == []
    assert environments(world)["prod-release"]["branches"] == ["main"]


def test_what_a_person_made_stricter_stays(world: World) -> None:
    theirs = {
        "wait_timer": 30,
        "prevent_self_review": True,
        "reviewers": [{"type": "User", "id": 99}],
        "policy": None,
        "branches": [],
        "tags": [],
        "variables": {"THEIRS": "1"},
    }
    protected = theirs | {"policy": {"protected_branches": True, "custom_branch_policies": False}}
    world.change(gh__environments={"prod-release": theirs, "prod-infrastructure": protected})
    ended = world.run(target="prod")
    assert ended.code == 0, ended.said
    release = environments(world)["prod-release"]
    assert (release["wait_timer"], release["prevent_self_review"]) == (30, True)
    assert release["reviewers"] == [{"type": "User", "id": 99}]
    assert release["branches"] == ["main"]
    assert release["variables"]["THEIRS"] == "1"
    assert environments(world)["prod-infrastructure"]["policy"] == protected["policy"]


def test_a_target_that_does_not_answer_this_machine_is_not_trained_in(world: World) -> None:
    ended = world.run(target="prod")
    assert ended.code == 0, ended.said
    assert "no smoke test: the storage of prod does not answer this machine" in ended.said
    assert world.state["trained"] == []


def test_a_dry_run_prints_every_call_and_makes_none(world: World) -> None:
    before = world.state
    ended = world.run("--dry-run")
    assert ended.code == 0, ended.said
    assert world.writes() == []
    assert world.state == before
    printed = [line for line in ended.out.splitlines() if not line.startswith("#")]
    world.run()
    real = [each for each in world.writes() if each.split()[0] in ("az", "gh")]
    assert printed == real
    told = [line for line in ended.out.splitlines() if line.startswith("#")]
    assert any("infra/bootstrap.bicepparam" in line and "GITHUB_REPOSITORY_ID=2002" in line for line in told)
    assert any("infra/main.dev.bicepparam" in line and "CREATE_ENDPOINT=true" in line for line in told)


def test_the_subscription_of_mlops_toml_counts_once_it_is_a_real_one(world: World) -> None:
    file = world.project / "mlops.toml"
    other = SUBSCRIPTION.replace("aa", "ab")
    file.write_text(file.read_text().replace("00000000-0000-0000-0000-000000000001", SUBSCRIPTION))
    state = world.state
    state["az"]["subscriptions"][other] = state["az"]["subscriptions"][SUBSCRIPTION] | {
        "id": other,
        "name": "Other",
    }
    state["az"]["account"] = other
    world.state = state
    ended = world.run("--dry-run")
    assert ended.code == 0, ended.said
    assert f"the subscription Fraud team ({SUBSCRIPTION})" in ended.said


def test_the_repository_is_that_of_origin(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    config = world.folder / "gitconfig"
    config.write_text("")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    git = world.project / ".git"
    for folder in ("objects", "refs"):
        (git / folder).mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "config").write_text('[remote "origin"]\n\turl = git@github.com:acme/fraud.git\n')
    ended = world.run("--dry-run", repository="")
    assert ended.code == 0, ended.said
    assert "Acme/Fraud" in ended.out


def test_another_region(world: World) -> None:
    ended = world.run("--location", "northeurope")
    assert ended.code == 0, ended.said
    assert world.state["deployed"]["main"]["AZURE_LOCATION"] == "northeurope"
    assert 'location = "northeurope" in its table [infra]' in ended.out


def test_requests_have_the_form_that_github_asks_for(world: World) -> None:
    world.run(target="staging")
    put = next(
        each for each in world.calls() if each["writes"] and "staging-release" in " ".join(each["arguments"])
    )
    assert json.loads(put["stdin"]) == {
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
        "reviewers": [{"type": "User", "id": 11}],
    }
