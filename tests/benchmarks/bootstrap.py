"""The paired bootstrap over cards at the size of a week of the handbook's data: its time, and its exactness.

    python tests/benchmarks/bootstrap.py [--rows 58264] [--cards 4390] [--frauds 385] [--resamples 1000]

Needs the packages of environments/train and src on PYTHONPATH. Two models' scores of the same rows are resampled,
ten draws are compared with scikit-learn's weighted average precision, and the bootstrap's standard error with the
infinitesimal jackknife's. Seconds are the processor's, of all threads: they say something on a machine that others
use as well.
"""

import argparse
import sys
import time
from collections.abc import Hashable

import numpy as np
from sklearn.metrics import average_precision_score

from fraud.evaluation.bootstrap import comparison, resampled
from fraud.evaluation.metrics import PRIMARY, Rows, Scored, metrics_of
from fraud.evaluation.statistics import draws
from fraud.settings import Settings


def models(rows: int, cards: int, frauds: int, seed: int = 0) -> tuple[Scored, Scored]:
    """Two models of about the quality of real ones: frauds come in runs of a card, scores are noisy copies."""
    random = np.random.default_rng(seed)
    card = np.sort(random.integers(0, cards, rows))
    fraud = np.zeros(rows, int)
    begin = random.choice(rows - 3, frauds // 2, replace=False)
    fraud[np.concatenate([begin, begin + 1])] = 1
    order = random.permutation(rows)
    card, fraud = card[order], fraud[order]
    of = Rows.of(np.arange(rows) * 7 // rows, card, fraud, random.gamma(1.5, 40, rows))
    known = random.random(rows) < 0.75
    signal = 2.2 * (fraud * known) + random.normal(0, 0.5, rows)
    scores = [1 / (1 + np.exp(6 - 4 * (signal + random.normal(0, 0.1, rows)))) for _ in range(2)]
    return Scored.of(of, scores[0].astype(np.float32), Settings()), Scored.of(of, scores[1], Settings())


def main() -> int:
    """Measure and print; 1 if a weighted average precision is not scikit-learn's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=58_264)
    parser.add_argument("--cards", type=int, default=4_390)
    parser.add_argument("--frauds", type=int, default=385)
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    pair = models(options.rows, options.cards, options.frauds)
    metrics = metrics_of(Settings())
    cards = pair[0].rows.cards

    def measured(names: list[str]) -> dict[Hashable, np.ndarray]:
        wall, spent = time.perf_counter(), time.process_time()
        statistics = [((name, i), metrics[name].statistic(pair[i])) for name in names for i in (0, 1)]
        found = resampled(statistics, cards, resamples=options.resamples)
        spent, wall = time.process_time() - spent, time.perf_counter() - wall
        sys.stdout.write(f"{', '.join(names)}: processor {spent:.2f} s, wall {wall:.2f} s\n")
        return found

    sys.stdout.write(f"{options.resamples} resamples of {cards} cards, {options.rows} rows, both models:\n")
    drawn = measured([PRIMARY])
    measured(list(metrics))
    ours, theirs = (metrics[PRIMARY].statistic(model) for model in pair)
    found = comparison(PRIMARY, "the other", ours, theirs, drawn[PRIMARY, 0], drawn[PRIMARY, 1])
    sys.stdout.write(
        f"standard error of the difference: bootstrap {found['standard_error']:.5f}, infinitesimal jackknife "
        f"{found['jackknife_error']:.5f}\n"
    )
    rows, weights = pair[0].rows, next(draws(cards, 10, 0))
    exact = [average_precision_score(rows.fraud, pair[0].score, sample_weight=draw[rows.card]) for draw in weights]
    worst = float(np.abs(ours(weights) - exact).max())
    sys.stdout.write(f"largest difference from scikit-learn's weighted average precision: {worst:.1e}\n")
    return int(worst > 1e-6)


if __name__ == "__main__":
    sys.exit(main())
