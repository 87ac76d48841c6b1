"""Run in the environment of the steps: the handbook's protocol in pandas beside ours, on the same features.

python handbook.py FEATURES

writes a JSON list of cases, each with the transactions of the test set and the metrics, by ours and by the
handbook's way (chapter 3, get_train_test_set; chapter 4, card_precision_top_k), for made-up scores.
"""

import json
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from fraud.evaluation.metrics import card_precision_top_k, metrics
from fraud.evaluation.testset import TestSet
from fraud.features.table import FeatureTable
from fraud.settings import Settings


def test_set(rows: pd.DataFrame, start: date, train: int, delay: int, test: int) -> pd.DataFrame:
    """Day by day, without the cards that the training week and the delayed labels have shown."""
    number = (rows["TX_DATETIME"].dt.normalize() - pd.Timestamp(start)).dt.days
    rows = rows.assign(TX_TIME_DAYS=number)
    known = set(rows[number.between(0, train - 1) & (rows["TX_FRAUD"] == 1)]["CUSTOMER_ID"])
    parts = []
    for day in range(test):
        learned = rows[(number == train + day - 1) & (rows["TX_FRAUD"] == 1)]
        known |= set(learned["CUSTOMER_ID"])
        today = rows[number == train + delay + day]
        parts.append(today[~today["CUSTOMER_ID"].isin(known)])
    return pd.concat(parts)


def card_precision(tested: pd.DataFrame, k: int) -> float:
    """The mean over days; a detected card is removed from the days after."""
    detected: list[int] = []
    shares = []
    for _, today in tested.groupby("TX_TIME_DAYS"):
        left = today[~today["CUSTOMER_ID"].isin(detected)]
        cards = left.groupby("CUSTOMER_ID")[["score", "TX_FRAUD"]].max()
        top = cards.sort_values("score", ascending=False, kind="stable").head(k)
        found = top.index[top["TX_FRAUD"] == 1].tolist()
        shares.append(len(found) / k)
        detected += found
    return float(np.mean(shares))


def ranking(fraud: np.ndarray, score: np.ndarray) -> dict[str, float]:
    """Both by definition: the pairs in order, and the precision at each score, weighed by its frauds."""
    frauds, genuine = score[fraud == 1][:, None], score[fraud == 0][None, :]
    ordered = (frauds > genuine).mean() + (frauds == genuine).mean() / 2
    average = sum(
        fraud[score >= one].mean() * (fraud[score == one].sum() / fraud.sum()) for one in np.unique(score)
    )
    return {"roc_auc": float(ordered), "average_precision": float(average)}


def main() -> None:
    """Two windows, each with scores that are all different and with scores of which many are equal."""
    table = FeatureTable(Path(sys.argv[1]))
    first, last = table.span()
    rows = table.between(first, last + timedelta(seconds=1)).to_pandas()
    rng = np.random.default_rng(0)
    cases = []
    for train, delay, test in ((7, 7, 7), (10, 3, 5)):
        # The handbook leaves out the cards that had a fraud in the days that it trains on.
        lengths = {"train_days": train, "known_days": train, "delay_days": delay, "test_days": test}
        ours = TestSet(table, Settings(**lengths))
        judged = ours.judged
        theirs = test_set(rows, ours.window.train_start, train, delay, test).sort_values("TRANSACTION_ID")
        ids = np.sort(ours.rows["TRANSACTION_ID"].to_numpy())
        by_id = rng.random(len(rows)) * 0.7 + rows.sort_values("TRANSACTION_ID")["TX_FRAUD"].to_numpy() * 0.3
        for score in (by_id, by_id.round(1)):
            mine = score[ours.rows["TRANSACTION_ID"].to_numpy()]
            tested = theirs.assign(score=score[theirs["TRANSACTION_ID"].to_numpy()])
            found = metrics(judged.day, judged.card, judged.fraud, mine)
            found["card_precision_10"] = card_precision_top_k(judged.day, judged.card, judged.fraud, mine, 10)
            expected = ranking(tested["TX_FRAUD"].to_numpy(), tested["score"].to_numpy())
            cases.append(
                {
                    "left_out": ours.cards_left_out,
                    "ours": {"transactions": ids.tolist()} | found,
                    "handbook": {"transactions": theirs["TRANSACTION_ID"].tolist()}
                    | expected
                    | {f"card_precision_{k}": card_precision(tested, k) for k in (10, 100)},
                }
            )
    json.dump(cases, sys.stdout)


if __name__ == "__main__":
    main()
