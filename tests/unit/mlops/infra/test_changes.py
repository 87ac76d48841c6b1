"""What is wanted against what is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.infra.changes import compare

SCALARS = st.none() | st.booleans() | st.integers() | st.text("ab/", max_size=3)
VALUES = (
    SCALARS
    | st.lists(SCALARS, max_size=3)
    | st.dictionaries(st.sampled_from(["a", "b"]), SCALARS, max_size=2)
    | st.lists(st.dictionaries(st.sampled_from(["a", "b"]), SCALARS, max_size=2), max_size=2)
)
ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st"


def wanted(properties: object) -> dict[str, object]:
    return {"id": ID, "type": "Microsoft.Storage/storageAccounts", "name": "st", "properties": properties}


@given(st.dictionaries(st.sampled_from(["x", "y"]), VALUES, max_size=2))
def test_what_is_as_wanted_is_kept_whatever_else_is_there(properties: dict[str, object]) -> None:
    assert compare(wanted(properties), {"properties": properties}).action == "keep"
    assert compare(wanted(properties), {"properties": {**properties, "more": 1}, "etag": "e"}).action == "keep"
    assert compare(wanted(properties), None).action == "create"


@pytest.mark.parametrize(
    ("ours", "theirs", "lines"),
    [
        ({"a": 1}, {"a": 2}, ["properties.a: 2 → 1"]),
        ({"a": 1}, {}, ["properties.a: nothing → 1"]),
        ({"a": None}, {"a": 2}, []),
        ({"a": {"b": True}}, {"A": {"B": True}}, []),
        ({"a": ["x", "y"]}, {"a": ["y", "z"]}, ["properties.a: +x -z"]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, ["properties.a[0]: y → x", "properties.a[1]: x → y"]),
        ({"a": [{"n": 1}]}, {"a": []}, ["properties.a: 0 → 1 entries"]),
        ({"a": [{"n": 1}]}, {"a": [{"n": 2, "m": 3}]}, ["properties.a[0].n: 2 → 1"]),
        ({"vmSize": "Standard_DS2_v2"}, {"vmSize": "STANDARD_DS2_V2"}, []),
        ({"other": "Standard"}, {"other": "STANDARD"}, ["properties.other: STANDARD → Standard"]),
        ({"id": "/subscriptions/S/x"}, {"id": "/subscriptions/s/X"}, []),
        ({"accountName": "st"}, {"accountName": "localhost:1/st"}, []),
        ({"a": "x" * 70}, {"a": "y"}, [f"properties.a: y → {'x' * 57}…"]),
    ],
)
def test_differences(ours: dict[str, object], theirs: dict[str, object], lines: list[str]) -> None:
    change = compare(wanted(ours), {"properties": theirs})
    assert change.differences == lines
    assert change.action == ("change" if lines else "keep")


def test_identities_are_compared_by_name_and_locations_without_case() -> None:
    desired = {
        **wanted({}),
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/Subscriptions/a": {}}},
    }
    found = {"location": "West Europe", "identity": {"type": "UserAssigned", "userAssignedIdentities": {}}}
    assert compare(desired, found).differences == ["identity.userAssignedIdentities: none → /Subscriptions/a"]
    found["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {"/subscriptions/A": {"clientId": "c"}}}
    assert compare(desired, found).action == "keep"


@pytest.mark.parametrize(
    ("id_", "says", "name"),
    [
        (ID, {}, "st"),
        (f"{ID}/blobServices/default", {}, "st/default"),
        ("/subscriptions/s/resourceGroups/g", {}, "g"),
        (f"{ID}/providers/Microsoft.Authorization/roleAssignments/guid", {"description": "Why."}, "'Why.' on st"),
    ],
)
def test_a_resource_is_named_as_people_know_it(id_: str, says: dict[str, str], name: str) -> None:
    kind = "Microsoft.Authorization/roleAssignments" if says else "Microsoft.Storage/storageAccounts"
    assert compare({"id": id_, "type": kind, "properties": says}, None).name == name
