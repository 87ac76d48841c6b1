"""The generator: the same bytes for the same seed, and the statistics of the handbook's simulator."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from fraud.data.contract import check
from fraud.data.generator import generate
from fraud.errors import GeneratorError

DAY = 86_400
SIZE: dict[str, Any] = {"customers": 600, "terminals": 1200, "days": 60, "start": "2024-01-01"}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("generated") / "transactions.parquet"
    counts = generate(path, seed=3, **SIZE)
    columns = {name: column.to_numpy() for name, column in zip(*_columns(path), strict=True)}
    second = (columns["TX_DATETIME"] - np.datetime64("2024-01-01")) // np.timedelta64(1, "s")
    return {"path": path, "counts": counts, "second": second.astype(int)} | columns


def _columns(path: Path) -> tuple[list[str], list[Any]]:
    table = pq.read_table(path)
    return table.column_names, table.columns


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    size = {"customers": 50, "terminals": 200, "days": 10}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(tmp_path / name, seed=seed, radius=20.0, **size)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b", "c"]


def test_it_keeps_the_contract(generated: dict[str, Any]) -> None:
    document = check(generated["path"])
    counts = generated["counts"]
    assert (document["rows"], document["frauds"]) == (counts["rows"], counts["frauds"])
    assert (document["customers"], document["terminals"]) == (counts["customers"], counts["terminals"])
    assert np.array_equal(generated["TRANSACTION_ID"], np.arange(counts["rows"]))
    assert np.all(np.diff(generated["second"]) >= 0)


def test_times_are_around_noon_and_inside_their_day(generated: dict[str, Any]) -> None:
    time = generated["second"] % DAY
    assert 0 < time.min() < 3600
    assert DAY - 3600 < time.max() < DAY
    assert abs(time.mean() - DAY / 2) < 600
    # The normal distribution of 20,000 s, cut at 2.16 standard deviations: 18,190 s.
    assert abs(time.std() - 18_190) < 200


def test_numbers_and_amounts(generated: dict[str, Any]) -> None:
    genuine = generated["TX_FRAUD_SCENARIO"] == 0
    # U(0, 4) a day, 96.9 % of them inside the day.
    assert abs(generated["counts"]["rows"] / (600 * 60) - 2 * 0.969) < 0.15
    assert abs(generated["TX_AMOUNT"][genuine].mean() - 53.5) < 4
    amount = generated["TX_AMOUNT"][genuine]
    assert amount.min() >= 0
    assert np.allclose(amount, amount.round(2))


def test_a_customer_pays_within_reach(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    generate(path, seed=5, **SIZE | {"radius": 8.0})
    table = pq.read_table(path)
    pairs = set(zip(table["CUSTOMER_ID"].to_pylist(), table["TERMINAL_ID"].to_pylist(), strict=True))
    # 1,200 terminals on 10,000 squares: 24 within a radius of 8, fewer at the borders of the map.
    a_customer = np.bincount(np.array([customer for customer, _ in pairs]))
    assert 15 < a_customer[a_customer > 0].mean() < 25
    assert a_customer.max() < 50


def test_customers_out_of_reach_make_no_transaction(tmp_path: Path) -> None:
    few = generate(tmp_path / "few", customers=200, terminals=100, days=10, radius=3.0)
    assert few["customers"] < 100
    with pytest.raises(GeneratorError, match="no customer has a terminal within reach"):
        generate(tmp_path / "none", customers=3, terminals=2, days=2, radius=0.001)
    assert not (tmp_path / "none").exists()


def test_the_smallest_size_is_a_day_without_compromise(tmp_path: Path) -> None:
    counts = generate(tmp_path / "t.parquet", customers=3, terminals=2, days=1, radius=150.0, seed=1)
    assert counts["rows"] == check(tmp_path / "t.parquet")["rows"] > 0
    assert counts["frauds_by_scenario"] == {"1": 0, "2": 0, "3": 0}


def test_scenario_1_is_every_large_amount(generated: dict[str, Any]) -> None:
    amount, scenario = generated["TX_AMOUNT"], generated["TX_FRAUD_SCENARIO"]
    assert (scenario == 1).sum() > 0
    assert np.all(amount[scenario == 1] > 220)
    assert not np.any((amount > 220) & (scenario == 0))


def test_scenario_2_is_two_terminals_a_day_for_28_days(generated: dict[str, Any]) -> None:
    """Whole days of terminals are compromised: no genuine transaction among them, and 28 days at a stretch."""
    day, scenario = generated["second"] // DAY, generated["TX_FRAUD_SCENARIO"]
    terminal = generated["TERMINAL_ID"]
    compromised = set(zip(terminal[scenario == 2], day[scenario == 2], strict=True))
    genuine = set(zip(terminal[scenario < 2], day[scenario < 2], strict=True))
    assert compromised
    assert not compromised & genuine
    spans = [np.ptp(day[(scenario == 2) & (terminal == one)]) for one in np.unique(terminal[scenario == 2])]
    assert max(spans) >= 20
    assert np.mean([span < 28 for span in spans]) > 0.8  # some terminals are hit twice
    # Two new ones a day for 59 days, 28 days each: so many terminal-days out of 1,200 × 60.
    expected = sum(2 * min(28, 60 - today) for today in range(59)) / (1200 * 60)
    assert abs((scenario == 2).mean() - expected) < 0.35 * expected


def test_scenario_3_is_a_third_of_three_customers_transactions_times_five(generated: dict[str, Any]) -> None:
    scenario, amount, customer = (generated[name] for name in ("TX_FRAUD_SCENARIO", "TX_AMOUNT", "CUSTOMER_ID"))
    chosen = np.unique(customer[scenario == 3])
    assert 100 < len(chosen) <= 3 * 59
    ratios = [
        amount[(customer == one) & (scenario == 3)].mean() / amount[(customer == one) & (scenario == 0)].mean()
        for one in chosen
    ]
    assert 4.5 < np.median(ratios) < 6
    # A third of what three average customers do in 14 days, for 59 days (the last ones cut short).
    a_day = generated["counts"]["rows"] / (600 * 60)
    expected = sum(3 * a_day * min(14, 60 - today) / 3 for today in range(59))
    assert abs((scenario == 3).sum() - expected) < 0.25 * expected


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"customers": 2}, "customers must be 3 or more, not 2"),
        ({"terminals": 1}, "terminals must be 2 or more"),
        ({"days": 0}, "days must be 1 or more"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"radius": 0.0}, "radius must be above 0"),
        ({"start": "April"}, "'April' is not a date"),
    ],
)
def test_impossible_sizes_are_refused(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(GeneratorError, match=said):
        generate(tmp_path / "t.parquet", **wrong)
    assert list(tmp_path.iterdir()) == []
