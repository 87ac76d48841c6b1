"""How often the gate is right: its own code and the evidence's own bootstrap, on challengers whose truth is known.

    python -m fraud.features.prepare --transactions FILE --features FOLDER --validation FOLDER
    python -m tests.benchmarks.gate --features FOLDER [--models 60] [--pairs 200] [--scores CACHE.npz]
        [--documents CACHE.jsonl]

Needs the packages of environments/train with LightGBM, and src on PYTHONPATH; `OMP_NUM_THREADS=1` for fair times.

The cards of a test week are taken for the population, so that the true difference of two models is what they
differ by on all of it. Models are the same recipe trained with another seed on other draws of the training cards
and rows. A pair of them is judged on a new draw of the cards: by the bootstrap over those, and by [gate] of
mlops.toml.

- `retrained`: a pair as it is. Equal as recipes; by chance of training they do differ truly.
- `equal`, `worse by …`: noise on the better one's logits, until the true difference is that.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud.evaluation.bootstrap import comparison, resampled
from fraud.evaluation.metrics import PRIMARY, Metric, Rows, Scored, metrics_of, values_of
from fraud.evaluation.statistics import value_of
from fraud.features.table import LABEL, FeatureTable, matrix
from fraud.settings import Settings
from fraud.split import midnight
from mlops.config import load
from mlops.gate.decide import decide
from mlops.gate.policy import policy_of

Floats = npt.NDArray[np.floating]
TEST_START = date(2018, 8, 8)
SETTINGS = Settings(test_start=TEST_START)
ROWS = {"retrained": None, "equal": 0.0, "worse by 0.01": -0.01, "worse by 0.02": -0.02, "worse by 0.03": -0.03}
DOMAIN = metrics_of(SETTINGS)
SKIPPED = {"roc_auc"}
METRICS: dict[str, Metric] = {name: metric for name, metric in DOMAIN.items() if name not in SKIPPED}


@dataclass(frozen=True)
class Part:
    """Rows of a period: their features, and what the metrics need."""

    features: npt.NDArray[np.float32]
    rows: Rows

    @classmethod
    def between(cls, table: FeatureTable, start: date, end: date, *, known_from: date | None = None) -> Part:
        """With `known_from` without cards that a fraud was seen of from then on, `delay_days` before the row."""
        seen = table.between(midnight(known_from or start), midnight(end))
        day = (seen["TX_DATETIME"].to_numpy().astype("datetime64[D]") - np.datetime64(start)).astype(np.int64)
        card, fraud = seen["CUSTOMER_ID"].to_numpy(), seen[LABEL].to_numpy()
        first = np.full(card.max() + 1, np.iinfo(np.int64).max)
        np.minimum.at(first, card[fraud == 1], day[fraud == 1])
        kept = (day >= 0) & ~((first[card] < day - SETTINGS.delay_days) & bool(known_from))
        found = seen.filter(kept)
        names = [feature.name for feature in table.features]
        rows = Rows.of(day[kept], card[kept], fraud[kept].astype(np.int64), found["TX_AMOUNT"].to_numpy())
        return cls(matrix(found, names), rows)


def trained(part: Part, seed: int, test: Part) -> Floats:
    """Scores of the test rows by a model of another seed, other cards and other genuine rows; corrected."""
    from lightgbm import LGBMClassifier

    random = np.random.default_rng(seed)
    drawn = random.multinomial(part.rows.cards, np.full(part.rows.cards, 1 / part.rows.cards))[part.rows.card]
    fraud, share = part.rows.fraud, SETTINGS.negatives
    kept = (drawn > 0) & ((fraud == 1) | (random.random(len(fraud)) < share))
    model = LGBMClassifier(
        n_estimators=200,
        num_leaves=15,
        learning_rate=0.05,
        min_child_samples=100,
        reg_lambda=1.0,
        random_state=seed,
        n_jobs=1,
        verbose=-1,
    )
    model.fit(part.features[kept], fraud[kept], sample_weight=drawn[kept])
    p = model.booster_.predict(test.features)
    corrected: Floats = share * p / (share * p + 1 - p)
    return corrected


def average_precision(rows: Rows, score: Floats) -> float:
    return value_of(METRICS[PRIMARY].statistic(Scored.of(rows, score, SETTINGS)))


def worsened(rows: Rows, score: Floats, wanted: float, seed: int) -> Floats:
    """The scores with as much noise on their logits as brings the population's average precision to `wanted`."""
    logit = np.log(np.clip(score, 1e-9, 1) / np.clip(1 - score, 1e-9, 1))
    noise = np.random.default_rng(seed).standard_normal(len(score))
    low, high = 0.0, 4.0
    for _ in range(9):
        middle = (low + high) / 2
        if average_precision(rows, logit + middle * noise) > wanted:
            low = middle
        else:
            high = middle
    noisy: Floats = 1 / (1 + np.exp(-(logit + high * noise)))
    return noisy


def sample(rows: Rows, random: np.random.Generator) -> tuple[Rows, npt.NDArray[np.int64]]:
    """A draw of as many cards, each a card of its own however often it is drawn, and which rows it is made of."""
    order = np.argsort(rows.card, kind="stable")
    begins = np.searchsorted(rows.card[order], np.arange(rows.cards + 1))
    drawn = random.integers(0, rows.cards, rows.cards)
    sizes = begins[drawn + 1] - begins[drawn]
    offset = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    picked = order[np.repeat(begins[drawn], sizes) + offset]
    card = np.repeat(np.arange(rows.cards), sizes)
    return Rows(rows.day[picked], card, rows.fraud[picked], rows.amount[picked], rows.cards), picked


def evaluation(rows: Rows, candidate: Floats, champion: Floats, resamples: int, seed: int) -> dict[str, Any]:
    """What the gate judges a comparison by, as fraud.evaluation writes it; slices and the rest are left out."""
    scored = {name: Scored.of(rows, score, SETTINGS) for name, score in (("us", candidate), ("them", champion))}
    statistics = {(who, name): m.statistic(each) for who, each in scored.items() for name, m in METRICS.items()}
    drawn = resampled(statistics.items(), rows.cards, resamples=resamples, seed=seed)
    values = {who: values_of(each, METRICS) for who, each in scored.items()}
    keys = [(("us", name), ("them", name)) for name in METRICS]
    return {
        "schema": "evaluation/2",
        "title": "simulated",
        "data": {
            "rows": len(rows.day),
            "unit": "card",
            "units": rows.cards,
            "event": "fraudulent card",
            "events": rows.fraudulent_cards(),
        },
        "metrics": {
            name: {"title": m.title, "unit": m.unit, "direction": m.direction, "digits": m.digits}
            for name, m in METRICS.items()
        },
        "candidates": [{"name": "challenger", "metrics": values["us"]}],
        "selected": "challenger",
        "selected_by": "nothing",
        "primary": PRIMARY,
        "candidate": {"name": "challenger", "values": values["us"]},
        "champion": {"name": "champion", "values": values["them"]},
        "calibration": {"metrics": ["brier", "ece"]},
        "comparisons": [
            comparison(us[1], "champion", statistics[us], statistics[them], drawn[us], drawn[them])
            for us, them in keys
        ],
    }


@dataclass
class Row:
    """The pairs of one row of the table."""

    name: str
    pairs: list[dict[str, Any]]

    def line(self, policy: dict[str, Any]) -> str:
        """Judged by the policy, and by one that asks for superiority."""
        documents = [pair["document"] for pair in self.pairs]
        verdicts = [decide(document, policy) for document in documents]
        superior = [decide(document, {**policy, "rule": "superiority"}) for document in documents]
        true = [pair["true"] for pair in self.pairs]
        error = np.mean([document["comparisons"][0]["standard_error"] for document in documents])
        shares = [_passed(verdicts, rule) for rule in ("primary", "guardrails", "calibration")]
        shares += [_passed(superior, "primary")]
        shares += [float(np.mean([verdict["decision"] == word for verdict in verdicts])) for word in DECISIONS]
        cells = [self.name, f"{len(true)}", f"{np.mean(true):+.4f} ({np.std(true):.4f})", f"{error:.4f}"]
        return f"| {' | '.join([*cells, *(f'{share:.3f}' for share in shares)])} |"


def _passed(verdicts: list[dict[str, Any]], rule: str) -> float:
    """The share of verdicts in which all findings of a rule pass."""
    found = [[each["outcome"] for each in verdict["rules"] if each["rule"] == rule] for verdict in verdicts]
    return float(np.mean([set(outcomes) == {"pass"} for outcomes in found]))


DECISIONS = ("accept", "undecided", "reject")
HEAD = (
    "| challengers | n | true difference (sd) | standard error | primary passes | guardrails pass "
    "| calibration passes | declared better | accept | undecided | reject |"
)


def pairs(rows: Rows, scores: Floats, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The name of its row, the true difference and the evidence of each pair."""
    random = np.random.default_rng(options.seed)
    drawn = [random.choice(len(scores), 2, replace=False) for _ in range(options.pairs)]
    true = np.array([average_precision(rows, score) for score in scores])
    for name, wanted in ROWS.items():
        for number, (one, other) in enumerate(drawn):
            challenger, champion = (one, other) if wanted is None or true[one] > true[other] else (other, one)
            score, difference = scores[challenger], true[challenger] - true[champion]
            if wanted is not None:
                score, difference = worsened(rows, score, true[champion] + wanted, number), wanted
            cards, picked = sample(rows, np.random.default_rng((options.seed, number)))
            document = evaluation(cards, score[picked], scores[champion][picked], options.resamples, number)
            yield {"name": name, "true": float(difference), "document": document}


def simulated(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Train the models, or take their scores from the file, say how good they are, and compare the pairs."""
    table, day = FeatureTable(options.features), timedelta(days=1)
    known = TEST_START - (SETTINGS.delay_days + SETTINGS.known_days) * day
    test = Part.between(table, TEST_START, TEST_START + SETTINGS.test_days * day, known_from=known)
    if options.scores and options.scores.exists():
        scores = np.load(options.scores)["scores"]
    else:
        end = TEST_START - SETTINGS.delay_days * day
        part = Part.between(table, end - SETTINGS.train_days * day, end)
        scores = np.array([trained(part, seed, test) for seed in range(options.models)])
        if options.scores:
            np.savez_compressed(options.scores, scores=scores)
    began = time.process_time()
    evaluation(test.rows, scores[0], scores[1], 1000, 0)
    took = time.process_time() - began
    one = [average_precision(test.rows, score) for score in scores]
    sys.stderr.write(
        f"{len(test.rows.day)} rows, {test.rows.cards} cards, {test.rows.fraudulent_cards()} of them fraudulent; "
        f"average precision {np.mean(one):.3f}, sd over trainings {np.std(one):.4f}; "
        f"1,000 resamples of {len(METRICS)} metrics of both models: {took:.2f} CPU s\n"
    )
    for pair in pairs(test.rows, scores, options):
        if options.documents:
            with options.documents.open("a") as file:
                file.write(json.dumps(pair) + "\n")
        yield pair


def main() -> None:
    """Print the table, a row when it is done."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gate")
    parser.add_argument("--features", type=Path, required=True, help="folder with features.parquet")
    parser.add_argument("--models", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scores", type=Path, help="a file that keeps the scores for the next time")
    parser.add_argument(
        "--documents", type=Path, help="a file that keeps the evidence, to judge it by other policies"
    )
    options = parser.parse_args()
    found: Iterable[dict[str, Any]] = simulated(options)
    if options.documents and options.documents.exists():
        found = (json.loads(line) for line in options.documents.open())
    policy = policy_of(load())
    sys.stdout.write("\n".join([HEAD, "| --- |" + " ---: |" * 10]) + "\n")
    for name, group in groupby(found, key=lambda pair: str(pair["name"])):
        sys.stdout.write(Row(name, list(group)).line(policy) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
