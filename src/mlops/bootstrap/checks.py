"""All of the checks, before anything is made, and what they found out."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..config import Config
from ..errors import BadInput
from ..findings import Findings
from ..tools import Calls
from ..workspace.connect import LOCAL
from . import azure, github, names, plan, protection, quota
from .steps import Steps

ML_PROVIDER = "Microsoft.MachineLearningServices"


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    target: str
    dry_run: bool = False
    subscription: str | None = None
    location: str | None = None
    repository: str | None = None
    reviewers: tuple[str, ...] = ()
    review: bool = True
    smoke_test: bool = True


@dataclass(frozen=True)
class Ground:
    """What the checks found out: everything that is needed to make the rest.

    `config` is what mlops.toml says, `completed` with what the plan says of the target.
    """

    config: Config
    completed: Config
    account: azure.Account
    repository: github.Repository
    reviewers: list[github.Reviewer]
    wanted: plan.Wanted
    standing: azure.Standing
    unregistered: list[str]
    variables: dict[str, str]


def look(request: Request, config: Config, steps: Steps, calls: Calls) -> Ground:
    """Check everything and say it. Raises BadInput where anything is missing, after all of it was said."""
    target = request.target
    if target == LOCAL:
        raise BadInput("the target local needs no bootstrap", "mlops demo makes what it needs")
    plan.parameters(config, target)
    calls.say("checking")
    findings = Findings(calls.say)
    repository = findings.attempt(github.repository, calls, request.repository)
    reviewers: list[github.Reviewer] | None = []
    if repository:
        reviewed = request.review and protection.reviewed(target)
        findings.attempt(github.check, calls, findings, repository, reviewed=reviewed)
        if reviewed:
            reviewers = findings.attempt(github.reviewers, calls, repository, list(request.reviewers))
    configured = config.targets[target].subscription_id if target in config.targets else None
    account = findings.attempt(azure.account, calls, request.subscription, configured)
    if account:
        findings.good(f"az is logged in to the subscription {account.name} ({account.subscription})")
    variables = variables_of(request, config, repository)
    wanted = findings.attempt(_evaluate, steps, calls, config, account, target, variables) if account else None
    found = _in_azure(request, config, steps, calls, findings, account, wanted) if account else None
    if findings.missing or not (account and repository and wanted and found) or reviewers is None:
        raise findings.refusal()
    standing, unregistered = found
    completed = wanted.completed(config, target, account.subscription)
    return Ground(config, completed, account, repository, reviewers, wanted, standing, unregistered, variables)


def variables_of(request: Request, config: Config, repository: github.Repository | None) -> dict[str, str]:
    """What the parameter files of infra/ read from the environment."""
    location = request.location or os.environ.get("AZURE_LOCATION") or config.infra.location
    variables = {"TARGET": request.target, "AZURE_LOCATION": location}
    if repository:
        variables |= {
            "GITHUB_OWNER": repository.owner,
            "GITHUB_REPOSITORY_NAME": repository.name,
            "GITHUB_OWNER_ID": str(repository.owner_id),
            "GITHUB_REPOSITORY_ID": str(repository.id),
        }
    return variables


def _evaluate(
    steps: Steps, calls: Calls, config: Config, account: azure.Account, target: str, variables: dict[str, str]
) -> plan.Wanted:
    first = {**variables, "CREATE_ENDPOINT": "true"}
    return plan.Wanted.of_snapshot(steps.plan(calls, config, target, account.subscription, first))


def _in_azure(
    request: Request,
    config: Config,
    steps: Steps,
    calls: Calls,
    findings: Findings,
    account: azure.Account,
    wanted: plan.Wanted | None,
) -> tuple[azure.Standing, list[str]] | None:
    """The checks of the subscription. None where what is there, or what is registered, could not be read."""
    findings.attempt(azure.rights, calls, findings, account)
    known = findings.attempt(azure.providers, calls, account)
    if known is None or wanted is None:
        return None
    unregistered = azure.unregistered(known)
    if unregistered:
        findings.note(f"to be registered: {', '.join(unregistered)}")
    azure.region(known, findings, wanted.location)
    _recipients(findings, wanted)
    standing = findings.attempt(azure.standing, calls, account, wanted)
    if standing is None:
        return None
    azure.budget(findings, wanted, standing, request.target, steps.today())
    target = wanted.completed(config, request.target, account.subscription).target(request.target)
    answering = frozenset(azure.PROVIDERS) - frozenset(unregistered)
    if ML_PROVIDER in answering:
        findings.attempt(quota.check, calls, findings, account, wanted, target, standing)
    findings.attempt(names.check, calls, findings, account, wanted, standing, request.target, answering)
    later = sorted(frozenset(unregistered) & {ML_PROVIDER, *(kind.partition("/")[0] for kind in names.UNIQUE)})
    if later:
        findings.note(
            f"quota and names of {', '.join(later)} are checked once registered, before anything is made"
        )
    return standing, unregistered


def again(ground: Ground, request: Request, calls: Calls) -> None:
    """What only a registered provider answers. Raises BadInput where anything is missing."""
    calls.say("checking what could not be asked before")
    findings = Findings(calls.say)
    late = frozenset(ground.unregistered)
    account, wanted, standing = ground.account, ground.wanted, ground.standing
    if ML_PROVIDER in late:
        target = ground.completed.target(request.target)
        findings.attempt(quota.check, calls, findings, account, wanted, target, standing)
    findings.attempt(names.check, calls, findings, account, wanted, standing, request.target, late)
    if findings.missing:
        raise findings.refusal()


def _recipients(findings: Findings, wanted: plan.Wanted) -> None:
    """Alerts that go to nobody are no reason to stop, and one to speak."""
    for group in wanted.of("Microsoft.Insights/actionGroups"):
        for each in group["properties"].get("emailReceivers", []):
            if each["emailAddress"].endswith("@example.com"):
                findings.note(f"alerts go to {each['emailAddress']}: ALERT_EMAIL=… before the command changes it")
