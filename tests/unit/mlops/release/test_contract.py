"""What breaks the callers of a version, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.registry.contract import contract_of, schema_of
from mlops.release.contract import WIDER, breaking

TYPES = (*WIDER, "string", "boolean")
COLUMNS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abcd"), "type": st.sampled_from(TYPES), "required": st.booleans()}
    ),
    max_size=4,
    unique_by=lambda column: column["name"],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 1) | st.floats(0, 1) | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


def contract(inputs: Any, answer: Any = None) -> dict[str, Any]:
    return {"version": 1, "inputs": inputs, "answer": schema_of(answer)}


def takes(inputs: list[dict[str, Any]], row: dict[str, str]) -> bool:
    """Whether a version with these columns takes a row, which is given by the types of its values."""
    columns = {column["name"]: column for column in inputs}

    def fits(wanted: str, sent: str) -> bool:
        if wanted in WIDER and sent in WIDER:
            return WIDER.index(sent) <= WIDER.index(wanted)
        return wanted == sent

    known = all(name in columns and fits(columns[name]["type"], sent) for name, sent in row.items())
    return known and all(name in row for name, column in columns.items() if column["required"])


def fits(schema: dict[str, Any], value: Any) -> bool:
    """Whether a value is one of those that the schema was made of, or like them."""
    if schema_of(value)["type"][0] not in schema["type"]:
        return False
    match value:
        case list():
            return not value or ("items" in schema and all(fits(schema["items"], each) for each in value))
        case dict():
            known = all(fits(schema["properties"][k], v) for k, v in value.items() if k in schema["properties"])
            return known and set(schema["required"]) <= set(value)
    return True


@given(COLUMNS, COLUMNS)
def test_inputs_break_exactly_where_a_row_that_was_taken_is_refused(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    """Of all rows two decide: the one with everything, as wide as it may be, and the one with what is needed."""
    full = {column["name"]: column["type"] for column in before}
    least = {column["name"]: column["type"] for column in before if column["required"]}
    assert takes(before, full)
    assert takes(before, least)
    refused = not (takes(after, full) and takes(after, least))
    assert bool(breaking(contract(before), contract(after))) == refused


@given(JSON, JSON)
def test_answers_break_exactly_where_one_is_not_like_those_before(before: Any, after: Any) -> None:
    found = breaking(contract([], before), contract([], after))
    assert bool(found) != fits(schema_of(before), after), found


@given(JSON, JSON)
def test_what_fits_one_answer_or_another_fits_a_list_of_both(one: Any, other: Any) -> None:
    items = schema_of([one, other])["items"]
    assert fits(items, one)
    assert fits(items, other)


NUMBERS = [{"name": "amount", "type": "double", "required": True}, {"name": "count", "type": "long"}]
SCORES = {"scores": [0.5]}


def changed(**column: Any) -> list[dict[str, Any]]:
    return [NUMBERS[0], {**NUMBERS[1], **column}]


@pytest.mark.parametrize(
    ("inputs", "answer", "said"),
    [
        (NUMBERS, SCORES, []),
        (NUMBERS[::-1], {"scores": [1], "model": "7"}, []),
        (changed(type="double"), SCORES, []),
        (changed(required=False), SCORES, []),
        ([*NUMBERS, {"name": "new", "type": "long", "required": False}], SCORES, []),
        ([*NUMBERS, {"name": "new", "type": "long"}], SCORES, ["new is needed, and nobody sends it yet"]),
        (NUMBERS[:1], SCORES, ["count is sent, and is not known any more"]),
        (changed(type="integer"), SCORES, ["count is sent as long, and is taken as integer only"]),
        (changed(type="string"), SCORES, ["count is sent as long, and is taken as string"]),
        (None, SCORES, ["it does not say any more what it takes"]),
        (NUMBERS, {"score": [0.5]}, ["answer.scores is read, and is not there any more"]),
        (NUMBERS, {"scores": ["a"]}, ["answer.scores[] was number, and may be string"]),
        (NUMBERS, {"scores": 0.5}, ["answer.scores was array, and may be number"]),
        (
            changed(name="other"),
            [],
            [
                "count is sent, and is not known any more",
                "other is needed, and nobody sends it yet",
                "answer was object, and may be array",
            ],
        ),
    ],
)
def test_each_break_is_a_line(inputs: Any, answer: Any, said: list[str]) -> None:
    assert breaking(contract(NUMBERS, SCORES), contract(inputs, answer)) == said


def test_a_tensor_must_stay_what_it_is() -> None:
    tensor = [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}}]
    wider = [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 4]}}]
    assert breaking(contract(tensor), contract(tensor)) == []
    assert breaking(contract(tensor), contract(wider)) == [
        "it takes tensors, or columns without names, of another form"
    ]
    nested = [{"name": "a", "type": "array", "items": {"type": "long"}}]
    other = [{"name": "a", "type": "array", "items": {"type": "string"}}]
    assert breaking(contract(nested), contract(other)) == [
        "a is sent as array, and is taken as array of another form"
    ]


def test_a_model_without_a_signature_promises_nothing() -> None:
    assert contract_of(None, SCORES)["inputs"] is None
    assert breaking(contract_of(None, SCORES), contract(NUMBERS, SCORES)) == []


def test_a_contract_is_made_of_the_signature_as_mlflow_writes_it() -> None:
    signature = {"inputs": '[{"type": "long", "name": "a", "required": true}]', "outputs": None}
    assert contract_of(signature, {"scores": [1, 0.5], "note": None}) == {
        "version": 1,
        "inputs": [{"type": "long", "name": "a", "required": True}],
        "answer": {
            "type": ["object"],
            "properties": {
                "scores": {"type": ["array"], "items": {"type": ["number"]}},
                "note": {"type": ["null"]},
            },
            "required": ["note", "scores"],
        },
    }
