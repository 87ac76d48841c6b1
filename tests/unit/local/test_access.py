"""Actions against patterns, and conditions of role assignments, as Azure reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_local.access import builtin
from azureml_local.access.conditions import Asked, NotUnderstood, holds
from azureml_local.access.patterns import granted, matches

ML = "Microsoft.MachineLearningServices/workspaces"
SEGMENT = st.text("abcXYZ", min_size=1, max_size=4)
ACTION = st.lists(SEGMENT, min_size=2, max_size=5).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        (f"{ML}/*/write", f"{ML}/jobs/write", True),
        (f"{ML}/*/write", f"{ML}/write", True),  # no segment at all
        (f"{ML}/*/write", f"{ML}/onlineEndpoints/deployments/write", True),
        (f"{ML}/*/write", f"{ML}/jobs/read", False),
        ("*/read", f"{ML}/jobs/read", True),
        ("*", "anything/at/all", True),
        (f"{ML}/LISTKEYS/action", f"{ML}/listKeys/action", True),
        (f"{ML}/metrics/*/write", f"{ML}/metrics/resource/write", True),
        (f"{ML}/*", f"{ML}2/read", False),
        ("a.b/read", "aXb/read", False),
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            True,
        ),
    ],
)
def test_a_pattern(pattern: str, action: str, expected: bool) -> None:
    assert matches(pattern, action) is expected


@given(ACTION)
def test_an_action_is_of_itself_whatever_its_case_and_of_everything(action: str) -> None:
    assert matches(action, action)
    assert matches(action.upper(), action.lower())
    assert matches("*", action)
    assert matches(f"*/{action.rsplit('/', 1)[1]}", action)
    assert not matches(action, f"{action}/more")


@given(ACTION, st.lists(ACTION, max_size=3))
def test_what_is_taken_away_is_not_given(action: str, others: list[str]) -> None:
    assert granted(action, ["*", *others], []) is True
    assert granted(action, ["*"], [*others, action.upper()]) is False
    assert granted(action, [], others) is False


def test_the_data_scientist_may_write_jobs_but_neither_workspace_nor_computes() -> None:
    role = builtin.ROLES["f6c7c914-8db3-469d-8ca1-694a8f32e121"].permissions()

    def may(action: str) -> bool:
        return granted(f"{ML}/{action}", role["actions"], role["notActions"])

    assert may("jobs/write")
    assert may("datastores/listsecrets/action")
    assert may("onlineEndpoints/score/action")
    assert not may("write")
    assert not may("computes/write")
    assert not may("listKeys/action")


ROLE, ME = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
OTHER = "33333333-3333-3333-3333-333333333333"
WRITE, DELETE = "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete"
CONDITION = (
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR "
    "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals "
    f"{{{ROLE}}} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] "
    "StringEqualsIgnoreCase 'ServicePrincipal' "
    f"AND @Request[Microsoft.Authorization/roleAssignments:PrincipalId] ForAllOfAllValues:GuidNotEquals {{{ME}}}))"
    " AND (!(ActionMatches{'Microsoft.Authorization/roleAssignments/delete'}))"
)


def asked(action: str, role: str = ROLE, kind: str = "servicePrincipal", principal: str = OTHER) -> Asked:
    prefix = "microsoft.authorization/roleassignments:"
    values = {f"{prefix}roledefinitionid": role, f"{prefix}principaltype": kind, f"{prefix}principalid": principal}
    return Asked(action, values, values)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (asked(WRITE), True),
        (asked(WRITE, role=ROLE.upper()), True),
        (asked(WRITE, role=OTHER), False),
        (asked(WRITE, kind="User"), False),
        (asked(WRITE, principal=ME), False),
        (asked(DELETE), False),
        (asked("*/read", role=OTHER), True),
    ],
)
def test_a_condition(request_: Asked, expected: bool) -> None:
    assert holds(CONDITION, request_) is expected


def test_any_of_two_unequal_values_is_always_true() -> None:
    """What people met: `ForAnyOfAnyValues:GuidNotEquals` with two roles lets every role pass."""
    attribute = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
    assert holds(f"{attribute} ForAnyOfAnyValues:GuidNotEquals {{{ROLE}, {ME}}}", asked(WRITE))
    assert not holds(f"{attribute} ForAllOfAllValues:GuidNotEquals {{{ROLE}, {ME}}}", asked(WRITE))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(",
        "ActionMatches{'a'} AND",
        "@Request[a:b] GuidEquals",
        "@Request[a:b] DateTimeEquals {x}",
        "@Principal[a:b] StringEquals 'x'",
        "(ActionMatches{'a'}) and more",
    ],
)
def test_a_condition_that_is_not_understood_is_said_so(text: str) -> None:
    with pytest.raises(NotUnderstood):
        holds(text, asked(WRITE))


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("LocalUpload/*", "LocalUpload/abc/policy.json", True),
        ("LocalUpload/*", "localupload/abc", False),
        ("LocalUpload/*", "other/LocalUpload/abc", False),
        ("????????-????-*", "0123abcd-0123-x", True),
        ("????????-????-*", "azureml-blobstore-x", False),
        ("a.c", "abc", False),
        ("[a]*", "a", False),
    ],
)
def test_a_pattern_of_a_condition(pattern: str, path: str, expected: bool) -> None:
    attribute = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path"
    known = Asked("x/write", {}, {attribute.lower(): path})
    assert holds(f"@Resource[{attribute}] StringLike '{pattern}'", known) is expected
    assert holds(f"@Resource[{attribute}] StringNotLike '{pattern}'", known) is not expected
