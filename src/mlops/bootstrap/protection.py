"""GitHub's environments TARGET-CLASS: whose identity a job has, from which branch, and who approves it.

Protection is set before the variables: an environment that was left half-made can do nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..tools import Calls
from .github import Repository, Reviewer

CLASSES = ("pull-request", "train", "release", "plan", "infrastructure")
FROM_ANY_BRANCH = ("pull-request", "plan")
"""They run on pull requests: one may submit jobs and write what they are submitted with, the other only reads."""
FROM_A_TAG = ("release",)
"""They run where a release of a model is published, whose tag is no branch; rollback.yml runs on the branch."""
REVIEWED = ("release", "infrastructure")
TARGETS = "AZURE_TARGETS"
"""The variable of the repository that names, as JSON, the targets that are set up: workflows look there first."""
UNREVIEWED_TARGET = "dev"


def reviewed(target: str) -> bool:
    """Whether jobs of this target wait for a person."""
    return target != UNREVIEWED_TARGET


def existing(calls: Calls, repository: Repository) -> dict[str, dict[str, Any]]:
    """The environments that there are, by name."""
    answer = calls.read("gh", "api", f"{repository.path}/environments?per_page=100")
    return {each["name"]: each for each in answer["environments"]}


def make(
    calls: Calls,
    repository: Repository,
    environment: str,
    there: Mapping[str, Any] | None,
    reviewers: list[Reviewer],
    variables: Mapping[str, str],
    model: str,
) -> None:
    """One environment as it must be. What a person has made stricter stays. `model` is what tags begin with."""
    kind = next(each for each in CLASSES if environment.endswith(f"-{each}"))
    path = f"{repository.path}/environments/{environment}"
    branches = kind not in FROM_ANY_BRANCH
    rules = {each["type"]: each for each in (there or {}).get("protection_rules", [])}
    policy = (there or {}).get("deployment_branch_policy")
    lacks_review = (
        bool(reviewers) and kind in REVIEWED and not rules.get("required_reviewers", {}).get("reviewers")
    )
    if there is None or (branches and not policy) or lacks_review:
        if branches and not policy:
            policy = {"protected_branches": False, "custom_branch_policies": True}
        body = _kept(rules) | {"deployment_branch_policy": policy}
        if lacks_review:
            body["reviewers"] = [{"type": each.kind, "id": each.id} for each in reviewers]
        who = " and ".join(each.name for each in reviewers) if lacks_review else ""
        tags = f" and from releases of {model}" if kind in FROM_A_TAG else ""
        where = f"from {repository.branch}{tags} only" if branches else "from any branch"
        about = f"{environment}: {where}{f', approved by {who}' if who else ''}"
        calls.write("gh", "api", "--method", "PUT", path, "--input", "-", stdin=json.dumps(body), about=about)
    if policy and policy["custom_branch_policies"]:
        # The list answers 404 until the environment is one of named branches.
        listed = bool(((there or {}).get("deployment_branch_policy") or {}).get("custom_branch_policies"))
        allowed = [(repository.branch, "branch")] + [(f"{model}-v*", "tag")] * (kind in FROM_A_TAG)
        _allow(calls, path, allowed, listed=listed)
    _set_variables(calls, repository, variables, environment, known=there is not None)


def _kept(rules: Mapping[str, Any]) -> dict[str, Any]:
    """What a PUT has to repeat, or it is taken away."""
    kept: dict[str, Any] = {}
    if "wait_timer" in rules:
        kept["wait_timer"] = rules["wait_timer"]["wait_timer"]
    if review := rules.get("required_reviewers"):
        kept["prevent_self_review"] = bool(review.get("prevent_self_review"))
        kept["reviewers"] = [{"type": each["type"], "id": each["reviewer"]["id"]} for each in review["reviewers"]]
    return kept


def _allow(calls: Calls, path: str, allowed: list[tuple[str, str]], *, listed: bool) -> None:
    """An environment whose branches are named, and none is, runs nothing."""
    there = calls.read("gh", "api", f"{path}/deployment-branch-policies")["branch_policies"] if listed else []
    known = {(each["name"], each.get("type", "branch")) for each in there}
    for name, type_ in allowed:
        if (name, type_) not in known:
            body = json.dumps({"name": name, "type": type_})
            calls.write(
                "gh", "api", "--method", "POST", f"{path}/deployment-branch-policies", "--input", "-", stdin=body
            )


def announce(calls: Calls, repository: Repository, target: str, order: list[str]) -> None:
    """Name the target in the repository's variable, in the order of mlops.toml: now workflows may use it."""
    listed = calls.read("gh", "variable", "list", "--repo", repository.full_name, "--json", "name,value")
    said = next((each["value"] for each in listed or [] if each["name"] == TARGETS), "[]")
    known = {*json.loads(said), target}
    ordered = [each for each in order if each in known] + sorted(known - {*order})
    _set_variables(calls, repository, {TARGETS: json.dumps(ordered)})


def _set_variables(
    calls: Calls,
    repository: Repository,
    variables: Mapping[str, str],
    environment: str = "",
    *,
    known: bool = True,
) -> None:
    """All of them in one call, through its standard input; without an environment those of the repository."""
    of = (*(("--env", environment) if environment else ()), "--repo", repository.full_name)
    listed = calls.read("gh", "variable", "list", *of, "--json", "name,value") if known else []
    there = {each["name"]: each["value"] for each in listed or []}
    # A dry run does not know the identity that the deployment will name.
    if any(name not in there or value not in ("", there[name]) for name, value in variables.items()):
        lines = "".join(f"{name}={value}\n" for name, value in variables.items())
        about = f"{environment or 'the repository'}: {', '.join(variables)}"
        calls.write("gh", "variable", "set", *of, "--env-file", "-", stdin=lines, about=about)
