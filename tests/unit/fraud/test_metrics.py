"""Card precision against a plain statement of the handbook's definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud.evaluation.metrics import card_precision_top_k

ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 6), st.integers(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.9])),
    min_size=1,
    max_size=60,
)


def plain(rows: list[tuple[int, int, int, float]], k: int) -> float:
    blocked: set[int] = set()
    shares = []
    for today in sorted({day for day, *_ in rows}):
        cards: dict[int, tuple[float, int]] = {}
        for day, card, fraud, score in rows:
            if day == today and card not in blocked:
                highest, compromised = cards.get(card, (-1.0, 0))
                cards[card] = (max(highest, score), max(compromised, fraud))
        top = sorted(cards, key=lambda card: (-cards[card][0], card))[:k]
        found = {card for card in top if cards[card][1]}
        shares.append(len(found) / k)
        blocked |= found
    return sum(shares) / len(shares)


@given(ROWS, st.integers(1, 7))
def test_card_precision_is_the_handbooks(rows: list[tuple[int, int, int, float]], k: int) -> None:
    day, card, fraud, score = (np.array(column) for column in zip(*rows, strict=True))
    assert card_precision_top_k(day, card, fraud, score, k) == pytest.approx(plain(rows, k))


def test_a_detected_card_is_gone_the_next_day() -> None:
    day = np.array([0, 0, 1, 1])
    card = np.array([7, 8, 7, 8])
    fraud = np.array([1, 0, 1, 0])
    score = np.array([0.9, 0.1, 0.9, 0.1])
    # Day 0 finds card 7; on day 1 only card 8 is left, which is not compromised.
    assert card_precision_top_k(day, card, fraud, score, 1) == 0.5


def test_a_card_found_too_far_down_is_not_detected() -> None:
    day, card, fraud = np.array([0, 0, 1, 1]), np.array([7, 8, 7, 8]), np.array([0, 1, 0, 1])
    score = np.array([0.9, 0.1, 0.2, 0.8])
    assert card_precision_top_k(day, card, fraud, score, 1) == 0.5
    assert card_precision_top_k(day, card, fraud, score, 2) == 0.25
