"""Whom GitHub may act as."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..plan import Plan, listed, templates
from ._rule import rule

CREDENTIALS = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
BY_NAME = re.compile(r"repo:[\w-]+/[\w.-]+:environment:([\w-]+)")
BY_NUMBER = re.compile(r"repo:[\w-]+@\d+/[\w.-]+@\d+:environment:([\w-]+)")


@rule(
    "facts 65 to 69: both forms of the subject, exact, each for one environment; never a branch or a pull request"
)
def subjects_are_exact_and_in_both_forms(plan: Plan) -> Iterator[str]:
    subjects: dict[str, list[str]] = {}
    for each in plan.of(CREDENTIALS):
        subjects.setdefault(each["name"].split("/")[0], []).append(each["properties"]["subject"])
    for identity, own in sorted(subjects.items()):
        for form in (BY_NAME, BY_NUMBER):
            found = [match[1] for match in map(form.fullmatch, own) if match]
            if len(found) != 1 or not identity.endswith(found[0]):
                yield f"{identity}: {own}"
        if len(own) != 2:
            yield f"{identity} trusts {len(own)} subjects"


@rule("Azure Policy 2571b7c3-3056-4a61-b00a-9bc5232234f5, issuers of federated credentials")
def only_github_is_trusted(plan: Plan) -> Iterator[str]:
    for each in plan.of(CREDENTIALS):
        if each["properties"]["issuer"] != "https://token.actions.githubusercontent.com":
            yield f"{each['name']} trusts {each['properties']['issuer']}"
        if each["properties"]["audiences"] != ["api://AzureADTokenExchange"]:
            yield f"{each['name']} is for {each['properties']['audiences']}"


@rule("fact 71: two credentials of one identity written at the same time are refused with 409")
def credentials_are_written_one_after_the_other(plan: Plan) -> Iterator[str]:
    for template in templates(plan.template):
        for name, each in listed(template).items():
            if each["type"] == CREDENTIALS and each.get("copy", {}).get("mode") != "serial":
                yield f"{name} are written side by side"


@rule("fact 77: credentials are made by a person, in a group that no workflow may change")
def credentials_are_apart(plan: Plan) -> Iterator[str]:
    for each in plan.of(CREDENTIALS):
        if plan.workspaces or "-delivery/" not in each["id"]:
            yield f"{each['name']} is where a workflow deploys"
