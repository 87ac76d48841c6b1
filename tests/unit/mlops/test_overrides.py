"""`--set KEY=VALUE`: by the type of what stands in mlops.toml, else as TOML reads it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.errors import BadInput
from mlops.overrides import assignments, overridden

TABLE = {"days": 7, "share": 0.2, "name": "x", "start": date(2018, 8, 8), "on": True}


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("days=30", 30),
        ("share=1", 1.0),
        ("share=0.5", 0.5),
        ("name=30", "30"),
        ("name=", ""),
        ("name=a=b", "a=b"),
        ("start=2018-09-01", date(2018, 9, 1)),
        ("start=", ""),
        ("on=false", False),
        ("new=3", 3),
        ("new=2018-08-08", date(2018, 8, 8)),
        ("new=true", True),
        ("new=lbfgs", "lbfgs"),
        ('new="3"', "3"),
    ],
)
def test_a_value_has_the_type_that_it_must_have(assignment: str, value: Any) -> None:
    key = assignment.partition("=")[0]
    found = overridden(TABLE, [assignment])
    assert (found[key], type(found[key])) == (value, type(value))
    assert {name: found[name] for name in TABLE if name != key} == {n: v for n, v in TABLE.items() if n != key}


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("days", "--set days: it is KEY=VALUE"),
        ("=7", "--set =7: it is KEY=VALUE"),
        ("days=many", "--set days=many: it must be like the value in mlops.toml, days = 7"),
        ("days=7.5", "must be like"),
        ("days=true", "must be like"),
        ("on=1", "must be like"),
        ("start=August", "must be like"),
        ("new=[1]", "it is one value"),
        ("new={a = 1}", "it is one value"),
    ],
)
def test_what_is_no_value_is_refused(assignment: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        overridden(TABLE, [assignment])
    assert said in str(refused.value)


@given(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.text())
def test_what_is_written_comes_back(whole: int, real: float, text: str) -> None:
    given_ = [f"days={whole}", f"share={real!r}", f"name={text}"]
    assert overridden(TABLE, given_) == {**TABLE, "days": whole, "share": real, "name": text}


def test_the_last_one_counts_and_the_table_stays() -> None:
    assert overridden(TABLE, ["days=1", "days=2"])["days"] == 2
    assert TABLE["days"] == 7


PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126))
OTHERS = {
    "days": st.integers(),
    "share": st.floats(allow_nan=False, allow_infinity=False),
    "name": PLAIN,
    "start": st.dates(),
    "on": st.booleans(),
}
NEW = st.one_of(st.integers(), st.booleans(), PLAIN, st.dates(), st.floats(allow_nan=False, allow_infinity=False))


@given(st.fixed_dictionaries({}, optional=OTHERS), st.dictionaries(st.sampled_from(("new", "more")), NEW))
def test_what_was_set_can_be_asked_for_again(changed: dict[str, Any], added: dict[str, Any]) -> None:
    wanted = {**TABLE, **changed, **added}
    again = overridden(TABLE, assignments(TABLE, wanted))
    assert again == wanted
    assert {name: type(value) for name, value in again.items()} == {name: type(v) for name, v in wanted.items()}
