"""Run in the environment of the steps: train each family of an environment, export it, and compare.

python families.py ENVIRONMENT

writes a JSON object: for each family the largest differences between trained and exported, on rows that were
learned from and on rows that lie as close to each other as float32 allows; and how well it tells classes apart.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from onnx import numpy_helper
from sklearn.metrics import roc_auc_score

from fraud import boosters
from fraud.training.export import scores
from fraud.training.families import FAMILIES
from fraud.training.imbalance import Trained
from fraud.training.onnx_models import corrected

FEATURES, SHARE = 6, 0.1


def close_calls(model, rows):
    """Rows with each threshold of a tree, and its neighbours in float32, where the tree looks for it."""
    found = []
    for node in model.graph.node:
        given = {attribute.name: attribute for attribute in node.attribute}
        if "nodes_values" in given:
            places = zip(given["nodes_featureids"].ints, given["nodes_values"].floats, strict=True)
        elif "nodes_splits" in given:
            splits = numpy_helper.to_array(given["nodes_splits"].t)
            places = zip(given["nodes_featureids"].ints, splits, strict=True)
        else:
            continue
        for number, (feature, value) in enumerate(places):
            exact = np.float32(value)
            for each in (np.nextafter(exact, np.float32(-np.inf)), exact, np.nextafter(exact, np.float32(np.inf))):
                row = rows[number % len(rows)].copy()
                row[feature] = each
                found.append(row)
    return np.array(found) if found else rows


def main() -> None:
    rng = np.random.default_rng(0)
    # Many decimals, so that thresholds lie between neighbours; and 130,000 rows, so that a sample is drawn.
    rows = rng.normal(size=(130_000, FEATURES)).astype(np.float32)
    odds = rows[:, 0] + rows[:, 1] * rows[:, 2] - 3
    label = (rng.random(len(rows)) < 1 / (1 + np.exp(-2 * odds))).astype(np.int64)
    half = len(rows) - 20_000
    result = {}
    for name, family in FAMILIES.items():
        if family.environment != sys.argv[1]:
            continue
        values = {parameter.name: parameter.default for parameter in family.parameters}
        for size, most in (("n_estimators", 40), ("max_iter", 40), ("epochs", 4)):
            if size in values:
                values[size] = min(values[size], most)
        estimator = family.estimator(0, **values)
        trained = Trained(estimator, rows[:half], label[:half], negatives=SHARE, seed=0)
        model = corrected(family.to_onnx(trained.estimator, FEATURES), trained.share)
        near = close_calls(model, rows)
        unseen = trained.score(rows[half:])
        with tempfile.TemporaryDirectory() as folder:
            boosters.save(trained.estimator, Path(folder))
            added = boosters.contributions(Path(folder), rows[half : half + 500], trained.share)
        explained = added is not None and 1 / (1 + np.exp(-added.sum(axis=1)))
        result[name] = {
            "explained": added is not None and float(np.abs(explained - unseen[:500]).max()),
            "share": trained.share,
            "learned": float(np.abs(trained.score(rows[:half]) - scores(model, rows[:half])).max()),
            "unseen": float(np.abs(unseen - scores(model, rows[half:])).max()),
            "close": float(np.abs(trained.score(near) - scores(model, near)).max()),
            "mean": float(unseen.mean()),
            "rate": float(label[half:].mean()),
            "roc_auc": float(roc_auc_score(label[half:], unseen)),
        }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
