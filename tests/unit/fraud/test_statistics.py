"""Statistics of weighed cards against plain statements of them, and against scikit-learn."""

import json
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud.evaluation import statistics
from fraud.evaluation.bootstrap import DETECTABLE, comparison, intervals, resampled
from fraud.evaluation.metrics import Rows, Scored, metrics_of, values_of
from fraud.evaluation.statistics import AveragePrecision, Ratio, RocAuc, draws, value_of
from fraud.settings import Settings

from .conftest import Step

CARDS = 5
ROWS = st.lists(
    st.tuples(st.integers(0, CARDS - 1), st.integers(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])),
    min_size=1,
    max_size=25,
)
WEIGHTS = st.lists(st.integers(0, 3), min_size=CARDS, max_size=CARDS)


def repeated(rows: list[tuple[int, int, float]], weights: list[int]) -> tuple[list[float], list[float]]:
    """The scores of frauds and of genuine rows, each row as often as its card is drawn."""
    found: tuple[list[float], list[float]] = ([], [])
    for card, fraud, score in rows:
        found[1 - fraud].extend([score] * weights[card])
    return found


def plain_average_precision(frauds: list[float], genuine: list[float]) -> float:
    every = frauds + genuine
    return sum(
        sum(each >= score for each in frauds) / sum(each >= score for each in every) for score in frauds
    ) / len(frauds)


def plain_auc(frauds: list[float], genuine: list[float]) -> float:
    return sum((f > g) + (f == g) / 2 for f in frauds for g in genuine) / (len(frauds) * len(genuine))


@given(ROWS, st.lists(WEIGHTS, min_size=1, max_size=4), st.sampled_from([1, 7, 8_000_000]))
def test_ranking_counts_each_row_as_often_as_its_card_is_drawn(
    rows: list[tuple[int, int, float]], weights: list[list[int]], block: int
) -> None:
    card, fraud, score = (np.array(column) for column in zip(*rows, strict=True))
    drawn = np.array(weights, dtype=np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "BLOCK", block)  # matrices in one piece, or column by column
        average = AveragePrecision(card, fraud, score, CARDS)(drawn)
        auc = RocAuc(card, fraud, score, CARDS)(drawn)
    for index, each in enumerate(weights):
        frauds, genuine = repeated(rows, each)
        if frauds:
            assert average[index] == pytest.approx(plain_average_precision(frauds, genuine), abs=1e-6)
        else:
            assert isnan(average[index])
        if frauds and genuine:
            assert auc[index] == pytest.approx(plain_auc(frauds, genuine), abs=1e-6)
        else:
            assert isnan(auc[index])


@given(ROWS, WEIGHTS)
def test_every_metric_of_a_draw_is_that_of_the_rows_repeated(
    rows: list[tuple[int, int, float]], weights: list[int]
) -> None:
    """A sum over cards, divided by another one: but for alerts, which stay those of the rows as they are."""
    card, fraud, score = (np.array(column) for column in zip(*rows, strict=True))
    scored = Scored.of(Rows(np.zeros(len(card), int), card, fraud, score * 40, CARDS), score, Settings())
    again = np.repeat(np.arange(len(card)), np.array(weights)[card])
    repeats = Scored(
        Rows(np.zeros(len(again), int), card[again], fraud[again], score[again] * 40, CARDS),
        score[again],
        scored.alert[again],
    )
    for name in ("recall_at_budget", "expected_cost", "brier", "ece"):
        statistic = metrics_of(Settings())[name].statistic
        drawn, plain = float(statistic(scored)(np.array([weights], float))[0]), value_of(statistic(repeats))
        assert drawn == pytest.approx(plain, nan_ok=True), name


def test_metrics_by_hand() -> None:
    day, card = np.array([0, 0, 0, 1, 1]), np.array([7, 8, 8, 7, 9])
    fraud, score = np.array([1, 0, 0, 1, 0]), np.array([0.9, 0.5, 0.0, 0.0, 0.0])
    rows = Rows.of(day, card, fraud, np.array([50.0, 30.0, 10.0, 80.0, 5.0]))
    settings = Settings(alerts_per_day=1, review_cost=10.0)
    values = values_of(Scored.of(rows, score, settings), metrics_of(settings))
    assert next(iter(values)) == "average_precision"
    assert values["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 5)
    # Day 0 finds card 7, which is gone on day 1; there card 9 is looked at for nothing.
    assert values["card_precision_1"] == pytest.approx(1 / 2)
    # On day 1 the two are equal, and the first is looked at.
    assert values["recall_at_budget"] == pytest.approx(1.0)
    # Looked at: 0.9 × 50 > 0.1 × 10, in vain 0.5 × 30 > 0.5 × 10; the second fraud passes.
    assert values["expected_cost"] == pytest.approx(1000 * (10 + 80) / 5)
    assert values["brier"] == pytest.approx((0.01 + 0.25 + 1) / 5)
    # Bins: 0.9 and 0.5 in the last, three zeros with one fraud in the first.
    assert values["ece"] == pytest.approx((abs(1.4 - 1) + 1) / 5)
    assert values["roc_auc"] == pytest.approx((3 + 0 + 1.0) / 6)


@given(ROWS.filter(lambda rows: {0, 1} == {fraud for _, fraud, _ in rows}))
def test_influence_is_the_derivative(rows: list[tuple[int, int, float]]) -> None:
    card, fraud, score = (np.array(column) for column in zip(*rows, strict=True))
    by_card = [np.bincount(card, values, minlength=CARDS) for values in (score, np.ones(len(card)))]
    for statistic in (AveragePrecision(card, fraud, score, CARDS), Ratio(by_card[0], by_card[1], 3.0)):
        influence = statistic.influence()
        for each in range(CARDS):
            step = np.zeros((2, CARDS))
            step[:, each] = 1e-5, -1e-5
            up, down = statistic(np.ones((2, CARDS)) + step)
            assert influence[each] == pytest.approx((up - down) / 2e-5, abs=1e-4)


def test_draws_are_of_as_many_cards_as_there_are_and_the_same_for_a_seed() -> None:
    [weights] = draws(40, 30, 5)
    assert weights.shape == (30, 40)
    assert (weights.sum(axis=1) == 40).all()
    [again], [other] = draws(40, 30, 5), draws(40, 30, 6)
    assert (weights == again).all()
    assert (weights != other).any()


def noisy(seed: int, noise: float) -> tuple[Scored, Scored]:
    random = np.random.default_rng(seed)
    card = np.repeat(np.arange(120), 5)
    fraud = (random.random(600) < np.repeat(random.random(120) ** 4, 5)).astype(int)
    rows = Rows.of(np.zeros(600, int), card, fraud, random.gamma(2, 20, 600))
    score = np.clip(0.4 * fraud + random.random(600) * 0.6, 0, 1)
    worse = np.clip(score + random.normal(0, noise, 600), 0, 1)
    return Scored.of(rows, score, Settings()), Scored.of(rows, worse, Settings())


def test_a_comparison_is_paired() -> None:
    """Much narrower than two models by themselves; the jackknife agrees; a model is equal to itself."""
    metric = metrics_of(Settings())["average_precision"]
    one, other = (metric.statistic(scored) for scored in noisy(0, 0.05))
    drawn = resampled([("one", one), ("other", other), ("same", one)], 120, seed=1)
    found = comparison("average_precision", "other", one, other, drawn["one"], drawn["other"])
    assert found["value"] == pytest.approx(value_of(one) - value_of(other))
    assert found["standard_error"] == pytest.approx(float(np.std(drawn["one"] - drawn["other"])))
    assert found["standard_error"] < 0.7 * float(np.std(drawn["one"]))
    assert found["jackknife_error"] == pytest.approx(found["standard_error"], rel=0.3)
    assert found["smallest_detectable"] == pytest.approx(DETECTABLE * found["standard_error"])
    assert found["resamples"] == 1000
    ends = found["intervals"]
    assert list(ends) == ["0.8", "0.9", "0.95", "0.98", "0.99"]
    lows, highs = ([ends[level][side] for level in ends] for side in (0, 1))
    assert lows == sorted(lows, reverse=True)
    assert highs == sorted(highs)
    assert ends["0.9"] == pytest.approx(np.quantile(drawn["one"] - drawn["other"], [0.05, 0.95]).tolist())
    same = comparison("average_precision", "itself", one, one, drawn["one"], drawn["same"])
    assert (same["value"], same["standard_error"], same["intervals"]["0.99"]) == (0, 0, [0, 0])


def test_a_resample_with_nothing_to_count_is_left_out() -> None:
    assert intervals(np.array([1.0, np.nan, 3.0]), (0.5,)) == {"0.5": [1.5, 2.5]}
    assert intervals(np.array([np.nan]), (0.5,)) == {"0.5": [None, None]}


def test_weighed_ranking_metrics_are_scikit_learns(step: Step) -> None:
    run = step(
        "-c",
        """
import json
import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score
from fraud.evaluation.statistics import AveragePrecision, RocAuc, draws

random = np.random.default_rng(0)
found = []
for digits in (1, 7):
    card, fraud = random.integers(0, 400, 6000), (random.random(6000) < 0.02).astype(int)
    score = (0.3 * fraud + random.random(6000)).round(digits).astype(np.float32)
    [weights] = draws(400, 30, 1)
    for kind, theirs in ((AveragePrecision, average_precision_score), (RocAuc, roc_auc_score)):
        expected = [theirs(fraud, score, sample_weight=each[card]) for each in weights]
        found.append(float(np.abs(kind(card, fraud, score, 400)(weights) - expected).max()))
print(json.dumps(found))
""",
    )
    assert run.returncode == 0, run.stderr
    differences = json.loads(run.stdout)
    assert len(differences) == 4
    assert max(differences) < 1e-6
