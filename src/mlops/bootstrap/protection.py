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
"""They run on pull requests, and their identities can change nothing that lasts."""
REVIEWED = ("release", "infrastructure")
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
) -> None:
    """One environment as it must be. What a person has made stricter stays."""
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
        where = f"from {repository.branch} only" if branches else "from any branch"
        about = f"{environment}: {where}{f', approved by {who}' if who else ''}"
        calls.write("gh", "api", "--method", "PUT", path, "--input", "-", stdin=json.dumps(body), about=about)
    if policy and policy["custom_branch_policies"]:
        # The list answers 404 until the environment is one of named branches.
        listed = bool(((there or {}).get("deployment_branch_policy") or {}).get("custom_branch_policies"))
        _allow_branch(calls, path, repository.branch, listed=listed)
    _set_variables(calls, repository, environment, variables, known=there is not None)


def _kept(rules: Mapping[str, Any]) -> dict[str, Any]:
    """What a PUT has to repeat, or it is taken away."""
    kept: dict[str, Any] = {}
    if "wait_timer" in rules:
        kept["wait_timer"] = rules["wait_timer"]["wait_timer"]
    if review := rules.get("required_reviewers"):
        kept["prevent_self_review"] = bool(review.get("prevent_self_review"))
        kept["reviewers"] = [{"type": each["type"], "id": each["reviewer"]["id"]} for each in review["reviewers"]]
    return kept


def _allow_branch(calls: Calls, path: str, branch: str, *, listed: bool) -> None:
    """An environment whose branches are named, and none is, runs nothing."""
    there = calls.read("gh", "api", f"{path}/deployment-branch-policies")["branch_policies"] if listed else []
    if all(each["name"] != branch for each in there):
        body = json.dumps({"name": branch, "type": "branch"})
        calls.write(
            "gh", "api", "--method", "POST", f"{path}/deployment-branch-policies", "--input", "-", stdin=body
        )


def _set_variables(
    calls: Calls, repository: Repository, environment: str, variables: Mapping[str, str], *, known: bool
) -> None:
    """All of them in one call, through its standard input."""
    of = ("--env", environment, "--repo", repository.full_name)
    listed = calls.read("gh", "variable", "list", *of, "--json", "name,value") if known else []
    there = {each["name"]: each["value"] for each in listed or []}
    # A dry run does not know the identity that the deployment will name.
    if any(name not in there or value not in ("", there[name]) for name, value in variables.items()):
        lines = "".join(f"{name}={value}\n" for name, value in variables.items())
        about = f"{environment}: {', '.join(variables)}"
        calls.write("gh", "variable", "set", *of, "--env-file", "-", stdin=lines, about=about)
