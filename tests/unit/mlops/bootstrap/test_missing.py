"""Everything that can be missing is told, with what to do, and nothing is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import REPOSITORY

from .world import FAMILY, SUBSCRIPTION, World, size, usage

CONTRIBUTOR = {
    "actions": ["*"],
    "notActions": [
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/*/Write",
        "Microsoft.Authorization/elevateAccess/Action",
    ],
}
RBAC_ADMINISTRATOR = {"actions": ["Microsoft.Authorization/roleAssignments/write", "*/read"], "notActions": []}
USER_ACCESS_ADMINISTRATOR = {"actions": ["*/read", "Microsoft.Authorization/*"], "notActions": []}
DISABLED = {"id": SUBSCRIPTION, "name": "Fraud team", "state": "Disabled", "tenantId": "t", "user": {"name": "a"}}
PLACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-fraud-dev/providers/Microsoft.MachineLearningServices"
ENOUGH = [usage(FAMILY, "lowPriority", -1), usage(FAMILY, "dedicated", 24)]
UNIQUE = "frauddevm3fqy2ji"
SOFT_DELETED = {
    "id": f"{PLACE}/workspaces/mlw-fraud-dev",
    "name": "mlw-fraud-dev",
    "properties": {"provisioningState": "SoftDeleted"},
}


@pytest.mark.parametrize(
    ("changes", "said", "hint"),
    [
        ({"az__account": ""}, "az account show: Please run 'az login'", "az login"),
        ({"gh__user": None}, "gh api user: To get started with GitHub CLI", "gh auth login"),
        ({f"az__subscriptions__{SUBSCRIPTION}": DISABLED}, "the subscription Fraud team is Disabled", "enabled"),
        (
            {"az__permissions": [CONTRIBUTOR]},
            "has no right over the subscription Fraud team to Microsoft.Authorization/roleAssignments/write, ",
            "User Access Administrator",
        ),
        (
            {"az__permissions": [CONTRIBUTOR, RBAC_ADMINISTRATOR]},
            "Fraud team to Microsoft.Authorization/roleDefinitions/write, ",
            "User Access Administrator",
        ),
        ({"az__permissions": []}, "Microsoft.Resources/deployments/write", "be its Owner"),
        ({"az__regions": ["North Europe"]}, "Azure ML is not in the region westeurope", "another --location"),
        (
            {"az__usages": [usage(FAMILY, "dedicated", 0), usage(FAMILY, "lowPriority", -1)]},
            f"the quota {FAMILY} (dedicated) in westeurope is 0: 4 cores for 2 × Standard_DS2_v2 of the endpoint",
            "ask for more",
        ),
        (
            {"az__usages": [*ENOUGH, usage("TotalLowPriorityCores", "lowPriority", 0)]},
            "the quota TotalLowPriorityCores (low-priority) in westeurope is 0: "
            "16 cores for 4 × Standard_DS3_v2 of cpu-cluster",
            "fewer nodes",
        ),
        (
            {"az__usages": [usage(FAMILY, "lowPriority", -1), usage(FAMILY, "dedicated", 24, 21)]},
            "is 24 with 21 in use: 4 cores",
            "ask for more",
        ),
        (
            {"az__vmSizes": [size("Standard_DS2_v2", 2)]},
            "Azure ML has no Standard_DS3_v2 in westeurope",
            "another size",
        ),
        (
            {
                "az__vmSizes": [
                    size("Standard_DS2_v2", 2),
                    size("Standard_DS3_v2", 4) | {"lowPriorityCapable": False},
                ]
            },
            "Standard_DS3_v2 is not offered with low priority",
            "lowPriority: false",
        ),
        ({"az__taken": [f"st{UNIQUE}"]}, f"the storage account st{UNIQUE}: its name is taken", "suffix"),
        ({"az__taken": [f"dl{UNIQUE}"]}, f"the storage account dl{UNIQUE}: its name is taken", "suffix"),
        ({"az__taken": [f"cr{UNIQUE}"]}, f"the container registry cr{UNIQUE}: its name is taken", "suffix"),
        ({"az__taken": [f"kv{UNIQUE}"]}, f"the key vault kv{UNIQUE}: its name is taken", "suffix"),
        (
            {"az__deletedVaults": ["kvfrauddevm3fqy2ji"]},
            "the key vault kvfrauddevm3fqy2ji was deleted and holds its name",
            "az keyvault purge --name kvfrauddevm3fqy2ji",
        ),
        (
            {"az__workspaces": [SOFT_DELETED]},
            "the workspace mlw-fraud-dev was deleted and holds its name for 14 days",
            "--permanently-delete",
        ),
        (
            {"gh__repository__permissions": {"admin": False, "push": True}},
            "ada is no administrator of Acme/Fraud",
            "Admin",
        ),
        (
            {"gh__repository__private": True, "gh__others": {"orgs/Acme": {"plan": {"name": "free"}}}},
            "GitHub Free has no environments in private repositories",
            "make it public",
        ),
        (
            {"gh__oidc": {"use_default": False, "include_claim_keys": ["repo", "ref"]}},
            "changes the subject of its OIDC tokens to ['repo', 'ref']",
            "use_default=true",
        ),
        (
            {"gh__oidc": {"use_default": True, "sub_claim_prefix": "repo:old@1/Fraud@2"}},
            "OIDC tokens have the subject repo:old@1/Fraud@2",
            "--repository",
        ),
    ],
)
def test_one_thing_is_missing(world: World, changes: dict[str, Any], said: str, hint: str) -> None:
    world.change(**changes)
    ended = world.run()
    assert ended.code == 2, ended.said
    assert len(ended.missing) == 1, ended.missing
    assert said in ended.error
    assert ended.error.endswith("; nothing was made")
    assert hint in ended.hint
    assert ended.out == ""
    assert world.writes() == []


def test_a_dry_run_tells_what_is_missing_too(world: World) -> None:
    world.change(az__deletedVaults=["kvfrauddevm3fqy2ji"])
    dry = world.run("--dry-run")
    assert (dry.code, dry.out) == (2, "")
    assert dry.missing == ["the key vault kvfrauddevm3fqy2ji was deleted and holds its name"]


def test_contributor_and_user_access_administrator_are_enough(world: World) -> None:
    world.change(az__permissions=[CONTRIBUTOR, USER_ACCESS_ADMINISTRATOR])
    assert world.run("--dry-run").code == 0


def test_everything_that_is_missing_is_told_at_once(world: World) -> None:
    world.change(
        az__permissions=[CONTRIBUTOR],
        az__deletedVaults=["kvfrauddevm3fqy2ji"],
        az__usages=[],
        gh__repository__permissions={"admin": False},
    )
    ended = world.run()
    assert ended.code == 2
    assert ended.error == "5 things are missing; nothing was made"
    assert [each.split(":")[0][:30] for each in ended.missing] == [
        "ada is no administrator of Acm",
        "ada@example.com has no right o",
        "the quota standardDSv2Family (",
        "the quota standardDSv2Family (",
        "the key vault kvfrauddevm3fqy2",
    ]
    assert ended.said.count("hint: ") == 5
    assert world.writes() == []


def test_without_both_logins_both_are_told(world: World) -> None:
    world.change(az__account="", gh__user=None)
    ended = world.run()
    assert ended.error == "2 things are missing; nothing was made"
    assert "hint: az login" in ended.said
    assert "hint: gh auth login" in ended.said


def test_quota_rows_may_have_the_names_of_the_documentation(world: World) -> None:
    rows = [
        usage("Standard DSv2 Family Cluster Dedicated vCPUs", "vmFamily", 0),
        usage("Standard DSv2 Family Cluster LowPriority vCPUs", "vmFamily", -1),
        usage("Total Cluster Dedicated Regional vCPUs", "dedicated", 300),
    ]
    world.change(az__usages=rows)
    assert f"the quota {FAMILY} (dedicated) in westeurope is 0" in world.run().error


def test_a_quota_on_a_later_page_is_found(world: World) -> None:
    world.change(az__page=2)
    ended = world.run("--dry-run")
    assert f"quota {FAMILY} (dedicated): 4 cores (of 24)" in ended.said


def test_cores_that_the_target_itself_uses_are_no_obstacle_to_a_second_run(world: World) -> None:
    world.run("--no-smoke-test")
    world.change(az__usages=[usage(FAMILY, "lowPriority", -1), usage(FAMILY, "dedicated", 24, 24)])
    assert world.run("--no-smoke-test").code == 0


def test_the_plan_of_a_private_repository_must_have_reviewers_for_staging(world: World) -> None:
    team = {"orgs/Acme": {"plan": {"name": "team"}}}
    world.change(gh__repository__private=True, gh__others=team, gh__plan="team")
    assert "the plan team has no required reviewers" in world.run("--dry-run", target="staging").error
    assert world.run("--dry-run", target="dev").code == 0
    assert world.run("--no-review", target="staging").code == 0


def test_a_plan_that_cannot_be_read_is_a_note_and_githubs_refusal_is_told(world: World) -> None:
    world.change(gh__repository__private=True, gh__others={})
    ended = world.run()
    assert "the plan of Acme cannot be read" in ended.said
    assert ended.code == 4
    assert "Please ensure the billing plan supports" in ended.error
    assert "docs/bootstrap.md" in ended.hint


def test_a_budget_of_a_month_that_has_passed(world: World) -> None:
    world.run("--no-smoke-test")
    world.today = world.today.replace(month=12)
    assert world.run("--dry-run").code == 0
    world.change(az__groups=[], az__budgets=[], az__resources=[])
    ended = world.run("--dry-run")
    assert "the budget budget-fraud-dev is to start on 2026-11-01, a month that has passed" in ended.error
    assert ended.hint == "set startDate to '2026-12-01' in infra/main.dev.bicepparam, and never again"


@pytest.mark.parametrize(
    ("target", "arguments", "said"),
    [
        ("local", (), "the target local needs no bootstrap"),
        ("moon", (), "there is no infra/main.moon.bicepparam"),
        (
            "dev",
            ("--subscription", "5eb7c3a1-0000-4000-8000-0000000000ff"),
            "az is not logged in to the subscription",
        ),
        ("dev", ("--repository", "acme/other"), "there is no repository acme/other that ada can see"),
        ("staging", ("--reviewer", "nobody"), "there is no reviewer nobody on GitHub"),
    ],
)
def test_bad_options(world: World, target: str, arguments: tuple[str, ...], said: str) -> None:
    ended = world.run(*arguments, target=target)
    assert ended.code == 2
    assert said in ended.error
    assert ended.hint
    assert world.writes() == []


def test_a_folder_without_origin(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(world.folder))
    ended = world.run(repository="")
    assert "this repository has no remote called origin" in ended.error
    assert ended.hint == "--repository OWNER/NAME"


def test_a_region_that_takes_no_new_subscription_is_told_with_what_to_do(world: World) -> None:
    from mlops.tools import hint_for

    assert "--location" in hint_for("ERROR: (RequestDisallowedByAzure) Resource was disallowed by Azure")


@pytest.mark.parametrize(("gone", "there"), [("az", "gh"), ("gh", "az")])
def test_a_program_that_is_not_installed_from_the_shell(world: World, gone: str, there: str) -> None:
    """The command as a person runs it; of the two programs one is there."""
    programs = world.folder / "bin"
    programs.mkdir()
    (programs / there).symlink_to(REPOSITORY / "tests" / "recorders" / there)
    (programs / "env").symlink_to("/usr/bin/env")
    (programs / "python3").symlink_to(Path(sys.executable).resolve())
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("mlops")), "bootstrap", "--repository", "acme/fraud", "--dry-run"],
        cwd=world.project,
        env={**os.environ, "PATH": str(programs), "HOME": str(world.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert f"missing  {gone} is not installed, or not on PATH\n" in ended.stderr
    assert f"then: {gone} " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-2].startswith("error: ")
    assert world.writes() == []
