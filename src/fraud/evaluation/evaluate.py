"""The step `evaluate`: score the test window with each candidate and select the best.

    python -m fraud.evaluation.evaluate --features FOLDER --candidate FOLDER [--candidate FOLDER …] \\
        --settings FILE --evaluation FOLDER --model FOLDER

writes evaluation.json and examples.json, and the selected candidate as it is to `--model`.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fraud.errors import FeaturesError, WindowError, exit_code_of
from fraud.evaluation.candidate import Candidate, named
from fraud.evaluation.metrics import SELECTED_BY, metrics
from fraud.features.table import LABEL, FeatureTable, matrix
from fraud.output import written_whole
from fraud.settings import Settings
from fraud.tracking import log_run
from fraud.training.split import (
    Windows,
    days_since,
    known_as_compromised,
    midnight,
    windows_of,
)

if TYPE_CHECKING:
    import pyarrow as pa


class TestSet:
    """The rows of the test window, without those of cards already known as compromised."""

    __test__ = False  # not a test, whatever pytest makes of its name

    def __init__(self, table: FeatureTable, window: Windows) -> None:
        """Read the rows; raises WindowError if they are not of both kinds."""
        seen = table.between(midnight(window.train_start), midnight(window.test_end))
        day = days_since(window.train_start, seen["TX_DATETIME"].to_numpy())
        card, fraud = seen["CUSTOMER_ID"].to_numpy(), seen[LABEL].to_numpy()
        known = known_as_compromised(day, card, fraud, window.delay_days)
        tested = day >= (window.test_start - window.train_start).days
        kept = tested & ~known
        self.window = window
        self.rows: pa.Table = seen.filter(kept)
        self.day, self.card, self.fraud = day[kept], card[kept], fraud[kept]
        self.cards_left_out = len(np.unique(card[tested & known]))
        if not 0 < self.fraud.sum() < len(self.fraud):
            raise WindowError(
                f"the test window from {window.test_start} to {window.test_end} (exclusive) has {len(self.fraud)} "
                f"transactions of cards not yet known as compromised, {self.fraud.sum()} of them frauds; metrics "
                f"need both kinds: choose another test_start or more test_days"
            )

    def protocol(self) -> dict[str, Any]:
        """What was tested on, for the evaluation document; the ends of windows are exclusive."""
        window = self.window
        return {
            "train_start": window.train_start.isoformat(),
            "train_end": window.train_end.isoformat(),
            "delay_days": window.delay_days,
            "test_start": window.test_start.isoformat(),
            "test_end": window.test_end.isoformat(),
            "rows": len(self.fraud),
            "frauds": int(self.fraud.sum()),
            "cards": len(np.unique(self.card)),
            "cards_left_out": self.cards_left_out,
        }

    def score(self, candidate: Candidate) -> npt.NDArray[np.float32]:
        """The candidate's probability of fraud of each row."""
        if lacking := [name for name in candidate.features if name not in self.rows.column_names]:
            raise FeaturesError(
                f"{candidate.folder}: the model wants the feature {lacking[0]}, which the features lack"
            )
        return candidate.score(matrix(self.rows, candidate.features))

    def examples(self, candidate: Candidate, score: npt.NDArray[np.float32]) -> dict[str, Any]:
        """A request to an endpoint and its answer, from suspicious rows to others: 2 frauds and 3 genuine ones."""
        chosen: list[int] = []
        for label, places in ((1, (1.0, 0.5)), (0, (1.0, 0.5, 0.0))):
            of_kind = np.flatnonzero(self.fraud == label)
            ordered = of_kind[np.argsort(score[of_kind], kind="stable")]
            chosen += [int(ordered[round(place * (len(ordered) - 1))]) for place in places]
        chosen = list(dict.fromkeys(chosen))  # a kind with one row only is not told twice
        return {
            "schema": "examples/1",
            "request": {"data": self.rows.select(candidate.features).take(chosen).to_pylist()},
            "answer": {"scores": [float(score[index]) for index in chosen]},
        }


def evaluate(
    features: Path,
    candidates: Sequence[Path],
    evaluation: Path,
    model: Path,
    *,
    settings: Settings,
    seed: int = 0,
    champion: Path | None = None,
    champion_name: str = "champion",
) -> dict[str, Any]:
    """Write both outputs and return the evaluation document; of equals the first candidate is selected.

    A champion is scored on the same rows. Nothing here is random: `seed` is what the step is given.
    Raises a FraudError and then writes nothing.
    """
    del seed
    loaded = named(list(candidates))
    table = FeatureTable(features)
    window = windows_of(*table.span(), settings)
    test = TestSet(table, window)
    scores = {name: test.score(candidate) for name, candidate in loaded.items()}
    results = {name: metrics(test.day, test.card, test.fraud, score) for name, score in scores.items()}
    selected = max(results, key=lambda name: results[name][SELECTED_BY])
    document = {
        "schema": "evaluation/1",
        "protocol": test.protocol(),
        "candidates": [{"name": name, "metrics": result} for name, result in results.items()],
        "selected": selected,
        "selected_by": SELECTED_BY,
        "metrics": results[selected],
    }
    if champion:
        found = metrics(test.day, test.card, test.fraud, test.score(Candidate(champion)))
        document["champion"] = {"name": champion_name, "metrics": found}
    examples = test.examples(loaded[selected], scores[selected])
    with written_whole(model) as folder:
        shutil.copytree(loaded[selected].folder, folder, dirs_exist_ok=True)
    with written_whole(evaluation) as folder:
        (folder / "examples.json").write_text(json.dumps(examples, indent=2) + "\n", encoding="utf-8")
        (folder / "evaluation.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return document


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of the step; 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m fraud.evaluation.evaluate", description="Compare candidates on the test window."
    )
    parser.add_argument("--features", type=Path, required=True, help="folder with features.parquet")
    parser.add_argument(
        "--candidate", type=Path, required=True, action="append", dest="candidates", help="a trained model; repeat"
    )
    parser.add_argument("--evaluation", type=Path, required=True, help="folder for evaluation.json")
    parser.add_argument("--model", type=Path, required=True, help="folder for the selected model")
    parser.add_argument("--champion", type=Path, help="the model that takes the traffic")
    parser.add_argument("--champion-name", default="champion", help="its name and version")
    parser.add_argument("--seed", type=int, default=0, help="seed of what is random in the evaluation (0)")
    parser.add_argument("--settings", type=Path, help="JSON file of settings that are not the default")
    options = vars(parser.parse_args(argv))

    file = options.pop("settings")

    def command() -> None:
        settings = Settings.read(file) if file else Settings()
        document = evaluate(**options, settings=settings)
        log_run({"selected": document["selected"]}, document["metrics"])
        for candidate in document["candidates"]:
            values = ", ".join(f"{name} {value:.3f}" for name, value in candidate["metrics"].items())
            sys.stdout.write(f"{candidate['name']}: {values}\n")
        sys.stdout.write(f"selected by {SELECTED_BY}: {document['selected']}\n")

    return exit_code_of(command)


if __name__ == "__main__":
    sys.exit(main())
