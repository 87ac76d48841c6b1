"""The step `evaluate`: select a candidate, and gather the evidence on it and on the champion, on the same rows.

    python -m fraud.evaluation.evaluate --features FOLDER --candidate FOLDER [--candidate FOLDER …] \\
        [--champion FOLDER --champion-name NAME] [--settings FILE] [--seed N] --evaluation FOLDER --model FOLDER

writes evaluation.json, examples.json and probes.json, and the selected candidate as it is to `--model`. Candidates
are selected by what training measured on the validation weeks; the test rows, which are looked at here only,
select nothing.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fraud.errors import ModelError, exit_code_of
from fraud.evaluation.candidate import Candidate, named
from fraud.evaluation.evidence import Judged, champion_of, evidence, plain
from fraud.evaluation.metrics import metrics_of
from fraud.evaluation.requests import examples, probes
from fraud.evaluation.testset import TestSet
from fraud.features.table import FeatureTable
from fraud.output import written_whole
from fraud.settings import Settings
from fraud.tracking import log_run


def evaluate(
    features: Path,
    candidates: Sequence[Path],
    evaluation: Path,
    model: Path,
    *,
    champion: Path | None = None,
    champion_name: str = "champion",
    settings: Settings,
    seed: int = 0,
) -> dict[str, Any]:
    """Write both outputs and return the evaluation document; of equals the first candidate is selected.

    Raises a FraudError and then writes nothing. A champion that cannot be scored is a part of the evidence.
    """
    loaded = named(list(candidates))
    for candidate in loaded.values():
        candidate.demand_documents()
    chosen, selected_by = select(loaded, settings)
    test = TestSet(FeatureTable(features), settings)
    judged = {name: Judged.of(name, candidate, test) for name, candidate in loaded.items()}
    document: dict[str, Any] = plain(
        evidence(
            test,
            list(judged.values()),
            judged[chosen],
            champion_of(champion_name, champion, test) if champion else None,
            selected_by=selected_by,
            seed=seed,
        )
    )
    best = judged[chosen]
    files = {
        "examples.json": examples(test, best.model, best.scored),
        "probes.json": probes(test, best.model, best.scored),
        "evaluation.json": document,
    }
    with written_whole(model) as folder:
        shutil.copytree(loaded[chosen].folder, folder, dirs_exist_ok=True)
    with written_whole(evaluation) as folder:
        for name, content in files.items():
            (folder / name).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return document


def select(candidates: dict[str, Candidate], settings: Settings) -> tuple[str, str]:
    """The name of the candidate that was best on the validation weeks, and how it was selected, in words.

    Raises ModelError where several candidates do not say by which value, or not by the same metric.
    """
    first, *others = candidates
    if not others:
        return first, "the only candidate"
    values = {name: candidate.selection() for name, candidate in candidates.items()}
    metric = values[first][0]
    table = metrics_of(settings)
    for name, (own, _) in values.items():
        if own != metric or own not in table:
            raise ModelError(
                f"{candidates[name].folder}: is selected by {own}, {candidates[first].folder} by {metric}; "
                f"give candidates that were validated by one metric of {', '.join(table)}"
            )
    sign = 1 if table[metric].direction == "higher" else -1
    best = max(values, key=lambda name: sign * values[name][1])
    weeks = (candidates[best].training or {})["selection"].get("values", [])
    return best, f"{table[metric].title}, mean of {len(weeks)} validation week{'s' if len(weeks) != 1 else ''}"


def main(argv: Sequence[str] | None = None) -> int:
    """The command line of the step; 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m fraud.evaluation.evaluate", description="Gather the evidence on the best candidate."
    )
    parser.add_argument("--features", type=Path, required=True, help="folder with features.parquet")
    parser.add_argument(
        "--candidate", type=Path, required=True, action="append", dest="candidates", help="a trained model; repeat"
    )
    parser.add_argument("--champion", type=Path, help="the model in production; default: there is none")
    parser.add_argument("--champion-name", default="champion", help="what it is called, such as fraud:3")
    parser.add_argument("--settings", type=Path, help="JSON file of settings that are not the default")
    parser.add_argument("--seed", type=int, default=0, help="seed of the resamples and shuffles (0)")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder for evaluation.json")
    parser.add_argument("--model", type=Path, required=True, help="folder for the selected model")
    options = vars(parser.parse_args(argv))
    file = options.pop("settings")

    def command() -> None:
        settings = Settings.read(file) if file else Settings()
        document = evaluate(**options, settings=settings)
        values = document["candidate"]["values"]
        log_run(
            {"selected": document["selected"]},
            {name: value for name, value in values.items() if value is not None},
        )
        for candidate in document["candidates"]:
            told = ", ".join(_told(document, *item) for item in candidate["metrics"].items())
            sys.stdout.write(f"{candidate['name']}: {told}\n")
        sys.stdout.write(f"selected by {document['selected_by']}: {document['selected']}\n")
        for alarm in document["alarms"]:
            sys.stdout.write(f"alarm: {alarm['text']}\n")

    return exit_code_of(command)


def _told(document: dict[str, Any], name: str, value: float | None) -> str:
    metric = document["metrics"][name]
    return f"{metric['title']} " + ("not known" if value is None else f"{value:.{metric['digits']}f}")


if __name__ == "__main__":
    sys.exit(main())
