"""How often the gate is right: its own code and the evidence's own bootstrap, on challengers whose truth is known.

    python -m fraud.features.prepare --transactions FILE --features FOLDER --validation FOLDER
    python -m tests.benchmarks.gate --features FOLDER [--models 60] [--pairs 200] [--scores CACHE.npz]

Needs the packages of environments/train with LightGBM, and src on PYTHONPATH; `OMP_NUM_THREADS=1` for fair times.

The cards of a test week are taken for the population, so that the true difference of two models is what they
differ by on all of it. Models are the same recipe trained with another seed on other draws of the training cards
and rows. A pair of them is judged on a new draw of the cards: by the bootstrap over those, and by [gate] of
mlops.toml.

- `retrained`: a pair as it is. Equal as recipes; by chance of training they do differ truly.
- `equal`, `-0.01`, `-0.02` …: noise on the better one's logits, until the true difference is that.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import date, timedelta
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
WORSE = (0.0, -0.01, -0.02, -0.03)
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
class Tally:
    """Verdicts on the pairs of one row of the table."""

    true: list[float]
    errors: list[float]
    verdicts: list[dict[str, Any]]
    superior: list[str]

    def share(self, rule: str, outcome: str = "pass") -> float:
        found = [all(f["outcome"] == outcome for f in v["rules"] if f["rule"] == rule) for v in self.verdicts]
        return float(np.mean(found))

    def line(self, name: str) -> str:
        decisions = [verdict["decision"] for verdict in self.verdicts]
        shares = [float(np.mean([decision == word for decision in decisions])) for word in DECISIONS]
        rules = [self.share(rule) for rule in ("primary", "guardrails", "calibration")]
        better = float(np.mean([outcome == "pass" for outcome in self.superior]))
        cells = [
            f"{len(decisions)}",
            f"{np.mean(self.true):+.4f} ({np.std(self.true):.4f})",
            f"{np.mean(self.errors):.4f}",
        ]
        cells += [f"{share:.3f}" for share in (*rules, better, *shares)]
        return f"| {name} | {' | '.join(cells)} |"


DECISIONS = ("accept", "undecided", "reject")
HEAD = (
    "| challengers | n | true difference (sd) | standard error | primary passes | guardrails pass "
    "| calibration passes | declared better | accept | undecided | reject |"
)


def simulate(rows: Rows, scores: Floats, options: argparse.Namespace, policy: dict[str, Any]) -> list[str]:
    """The lines of the table."""
    random = np.random.default_rng(options.seed)
    pairs = [random.choice(len(scores), 2, replace=False) for _ in range(options.pairs)]
    true = np.array([average_precision(rows, score) for score in scores])
    superiority = {**policy, "rule": "superiority"}
    lines = [HEAD, "| --- |" + " ---: |" * 10]
    for wanted in (None, *WORSE):
        tally = Tally([], [], [], [])
        for number, (one, other) in enumerate(pairs):
            if wanted is None:
                challenger, champion, difference = scores[one], scores[other], true[one] - true[other]
            else:
                better, champion_at = (one, other) if true[one] > true[other] else (other, one)
                champion, difference = scores[champion_at], wanted
                challenger = worsened(rows, scores[better], true[champion_at] + wanted, number)
            drawn, picked = sample(rows, np.random.default_rng((options.seed, number)))
            document = evaluation(drawn, challenger[picked], champion[picked], options.resamples, number)
            tally.true.append(difference)
            tally.errors.append(document["comparisons"][0]["standard_error"])
            tally.verdicts.append(decide(document, policy))
            found = decide(document, superiority)["rules"]
            tally.superior += [each["outcome"] for each in found if each["rule"] == "primary"]
            if options.documents:
                with options.documents.open("a") as file:
                    file.write(json.dumps({"wanted": wanted, "document": document}) + "\n")
        lines.append(tally.line("retrained" if wanted is None else "equal" if wanted == 0 else f"{wanted:g}"))
        sys.stderr.write(lines[-1] + "\n")
    return lines


def main() -> None:
    """Print the table and what the times were."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gate")
    parser.add_argument("--features", type=Path, required=True, help="folder with features.parquet")
    parser.add_argument("--models", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scores", type=Path, help="a file that keeps the scores for the next time")
    parser.add_argument("--documents", type=Path, help="a file that keeps the evidence, to try other policies on")
    options = parser.parse_args()
    table, day = FeatureTable(options.features), timedelta(days=1)
    known = TEST_START - (SETTINGS.delay_days + SETTINGS.known_days) * day
    test = Part.between(table, TEST_START, TEST_START + SETTINGS.test_days * day, known_from=known)
    if options.scores and options.scores.exists():
        scores = np.load(options.scores)["scores"]
    else:
        end = TEST_START - SETTINGS.delay_days * day
        part = Part.between(table, end - SETTINGS.train_days * day, end)
        began = time.process_time()
        scores = np.array([trained(part, seed, test) for seed in range(options.models)])
        sys.stderr.write(f"{len(scores)} models, {(time.process_time() - began) / len(scores):.2f} CPU s each\n")
        if options.scores:
            np.savez_compressed(options.scores, scores=scores)
    began = time.process_time()
    evaluation(test.rows, scores[0], scores[1], 1000, 0)
    took = time.process_time() - began
    one = [average_precision(test.rows, score) for score in scores]
    sys.stdout.write(
        f"{len(test.rows.day)} rows, {test.rows.cards} cards, {test.rows.fraudulent_cards()} of them fraudulent; "
        f"average precision {np.mean(one):.3f}, sd over trainings {np.std(one):.4f}; "
        f"1,000 resamples of {len(METRICS)} metrics of both models: {took:.2f} CPU s\n\n"
    )
    sys.stdout.write("\n".join(simulate(test.rows, scores, options, policy_of(load()))) + "\n")


if __name__ == "__main__":
    main()
