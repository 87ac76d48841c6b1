"""The expressions that a snapshot leaves: evaluated, or refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from mlops.infra.expressions import NotUnderstood, resolve

KNOWN = {"/subscriptions/s/id": {"principalId": "p", "nested": {"List": [1, 2]}}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("[[escaped]", "[escaped]"),
        ("[not closed", "[not closed"),
        ("[reference('/subscriptions/s/id', '2024-11-30').principalId]", "p"),
        ("[reference('/subscriptions/s/id', 'v').NESTED.list[1]]", 2),
        ("[format('privatelink.blob.{0}', environment().suffixes.storage)]", "privatelink.blob.core.windows.net"),
        ("[format('{{{0}}} it''s', 'x')]", "{x} it's"),
        (
            "[resourceId('s', 'g', 'P/a/b', 'one', 'two')]",
            "/subscriptions/s/resourceGroups/g/providers/P/a/one/b/two",
        ),
        ("[filter(split('a//b', '/'), lambda('x', not(empty(lambdaVariables('x')))))[1]]", "b"),
        ("[join(createArray('a', concat('b', 'c')), '-')]", "a-bc"),
        ("[createArray(createObject('k', 1, 'l', 'm'))]", [{"k": 1, "l": "m"}]),
        ({"a": ["[concat('x', 'y')]"]}, {"a": ["xy"]}),
        ({"policyRule": {"if": "[parameters('sizes')]"}}, {"policyRule": {"if": "[parameters('sizes')]"}}),
    ],
)
def test_an_expression(value: Any, expected: Any) -> None:
    assert resolve(value, KNOWN.__getitem__) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[utcNow()]", "the function utcnow"),
        ("[reference('/subscriptions/s/id').clientId]", "there is no clientId among principalId, nested"),
        ("[format('a', 'b') more]", "'more"),
        ("['a'.b]", "is not understood"),
    ],
)
def test_what_is_not_understood_is_named(text: str, says: str) -> None:
    with pytest.raises(NotUnderstood, match=says):
        resolve(text, KNOWN.__getitem__)
