"""The repository: who may change it, what its plan allows, and the subject that its tokens carry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput, MlopsError, ServiceFailed
from ..findings import Findings
from ..tools import Calls, run

ORIGIN = re.compile(r"[:/]([^/:]+/[^/]+?)(?:\.git)?/?$")


@dataclass(frozen=True)
class Reviewer:
    """A person, or a team of the organization, who approves jobs."""

    kind: str
    id: int
    name: str


@dataclass(frozen=True)
class Repository:
    """The repository in GitHub's own spelling, which federated credentials compare with case."""

    owner: str
    name: str
    owner_id: int
    id: int
    branch: str
    organization: bool
    private: bool
    admin: bool
    person: Reviewer

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def path(self) -> str:
        return f"repos/{self.owner}/{self.name}"


def repository(calls: Calls, asked: str | None) -> Repository:
    """The repository asked for, or the one that `origin` is. Raises BadInput, ServiceFailed."""
    person = calls.read("gh", "api", "user")
    name = asked or _origin()
    try:
        found = calls.read("gh", "api", f"repos/{name}")
    except ServiceFailed as error:
        if "404" not in str(error):
            raise
        said = f"there is no repository {name} that {person['login']} can see"
        raise BadInput(said, "--repository OWNER/NAME; or push it first: gh repo create") from error
    return Repository(
        owner=found["owner"]["login"],
        name=found["name"],
        owner_id=found["owner"]["id"],
        id=found["id"],
        branch=found["default_branch"],
        organization=found["owner"]["type"] == "Organization",
        private=found["private"],
        admin=bool((found.get("permissions") or {}).get("admin")),
        person=Reviewer("User", person["id"], person["login"]),
    )


def _origin() -> str:
    try:
        address = run("git", "remote", "get-url", "origin").strip()
    except ServiceFailed as error:
        raise BadInput("this repository has no remote called origin", "--repository OWNER/NAME") from error
    named = ORIGIN.search(address)
    if not named:
        raise BadInput(f"no OWNER/NAME can be read from origin ({address})", "--repository OWNER/NAME")
    return named[1]


def reviewers(calls: Calls, repository: Repository, asked: list[str]) -> list[Reviewer]:
    """Those asked for, LOGIN or ORGANIZATION/TEAM; without any, the person who runs this."""
    found = []
    for name in asked:
        organization, _, team = name.partition("/")
        try:
            answer = calls.read("gh", "api", f"orgs/{organization}/teams/{team}" if team else f"users/{name}")
        except ServiceFailed as error:
            if "404" not in str(error):
                raise
            raise BadInput(f"there is no reviewer {name} on GitHub", "LOGIN, or ORGANIZATION/TEAM") from error
        found.append(Reviewer("Team" if team else "User", answer["id"], name))
    return found or [repository.person]


def check(calls: Calls, findings: Findings, repository: Repository, *, reviewed: bool) -> None:
    """Whether environments can be made and protected, and whether tokens have a subject that is trusted."""
    name = repository.full_name
    if repository.admin:
        findings.good(f"{repository.person.name} administers {name}")
    else:
        findings.lacks(
            f"{repository.person.name} is no administrator of {name}",
            "have the role Admin given to you, or name your own: --repository OWNER/NAME",
        )
    if repository.private:
        _plan(calls, findings, repository, reviewed=reviewed)
    if repository.admin:
        _subject(calls, findings, repository)


def _plan(calls: Calls, findings: Findings, repository: Repository, *, reviewed: bool) -> None:
    """In private repositories environments need a paid plan, and required reviewers need Enterprise."""
    try:
        answer = calls.read("gh", "api", f"orgs/{repository.owner}" if repository.organization else "user")
        plan = ((answer.get("plan") or {}).get("name") or "").lower()
    except MlopsError:
        plan = ""
    if not plan:
        findings.note(f"{repository.full_name} is private, and the plan of {repository.owner} cannot be read")
    elif plan == "free":
        findings.lacks(
            f"{repository.full_name} is private, and GitHub Free has no environments in private repositories",
            "make it public, or take GitHub Pro, Team or Enterprise",
        )
    elif reviewed and "enterprise" not in plan:
        findings.lacks(
            f"{repository.full_name} is private, and the plan {plan} has no required reviewers there",
            "make it public, take GitHub Enterprise, or --no-review: whoever may merge may then release",
        )
    else:
        findings.good(f"the plan {plan} has environments in private repositories")


def _subject(calls: Calls, findings: Findings, repository: Repository) -> None:
    """Both forms of the default subject are trusted; a subject of one's own is not."""
    try:
        answer: dict[str, Any] = calls.read("gh", "api", f"{repository.path}/actions/oidc/customization/sub")
    except ServiceFailed as error:
        findings.note(f"the form of the OIDC subject cannot be read ({error}); both forms are trusted")
        return
    if not answer.get("use_default", True) and answer.get("include_claim_keys"):
        findings.lacks(
            f"{repository.full_name} changes the subject of its OIDC tokens to {answer['include_claim_keys']}, "
            "which no credential of ours trusts",
            f"gh api --method PUT {repository.path}/actions/oidc/customization/sub -F use_default=true",
        )
        return
    numbered = f"repo:{repository.owner}@{repository.owner_id}/{repository.name}@{repository.id}"
    plain = f"repo:{repository.full_name}"
    prefix = answer.get("sub_claim_prefix") or (numbered if answer.get("use_immutable_subject") else plain)
    if prefix in (numbered, plain):
        findings.good(f"OIDC tokens have the subject {prefix}:environment:…; the other form is trusted, too")
    else:
        findings.lacks(
            f"OIDC tokens have the subject {prefix}:…, and {plain} and {numbered} are trusted",
            "after a rename or a transfer: --repository with the new name",
        )
