"""An endpoint's answer against the evaluation's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.errors import ServiceFailed
from mlops.release.scoring import Examples, first_difference

ANSWER = {"scores": [0.25, 0.75]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        ({"scores": [0.250001, 0.75]}, ""),
        ({"scores": [0.25, 0.75], "model": "x"}, ""),
        ({"scores": [0.2501, 0.75]}, "answer.scores[0] is 0.2501 instead of 0.25"),
        ({"scores": [0.25]}, "answer.scores has 1 elements instead of 2"),
        ({"score": [0.25, 0.75]}, "answer has no scores"),
        ({"scores": ["0.25", 0.75]}, 'answer.scores[0] is "0.25" instead of 0.25'),
        ({"scores": [0.25, None]}, "answer.scores[1] is null instead of 0.75"),
        ([0.25, 0.75], "answer is [0.25, 0.75] instead of "),
    ],
)
def test_the_first_difference_is_named(found: Any, difference: str) -> None:
    assert first_difference(ANSWER, found).startswith(difference)
    assert bool(first_difference(ANSWER, found)) == bool(difference)


def test_large_numbers_are_compared_by_their_size() -> None:
    assert first_difference([152_133.0], [152_133.5]) == ""
    assert first_difference([152_133.0], [152_136.0]) != ""


def test_a_truth_is_no_number() -> None:
    assert first_difference([1], [True]) == "answer[0] is true instead of 1"


@given(JSON)
def test_everything_is_equal_to_itself(value: Any) -> None:
    assert first_difference(value, value) == ""


def test_an_endpoint_that_answers_otherwise_fails_by_name() -> None:
    examples = Examples({"data": [{}, {}]}, ANSWER)
    examples.compare(ANSWER, "the deployment blue")
    with pytest.raises(ServiceFailed, match=r"the deployment blue does not answer .* answer\.scores\[1\] is 0\.5"):
        examples.compare({"scores": [0.25, 0.5]}, "the deployment blue")
