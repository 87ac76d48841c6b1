"""The evidence on a candidate: everything that a gate may judge by, as one document (docs/evidence.md)."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fraud.errors import FraudError
from fraud.evaluation import alarms, slices
from fraud.evaluation.baselines import Baseline, baselines_of
from fraud.evaluation.bootstrap import comparison, intervals, resampled
from fraud.evaluation.candidate import Candidate
from fraud.evaluation.curves import curves, lines_of
from fraud.evaluation.drift import drift
from fraud.evaluation.explain import explanations, importance
from fraud.evaluation.metrics import PRIMARY, Metric, Scored, metrics_of, values_of
from fraud.evaluation.operations import operations
from fraud.evaluation.statistics import Floats
from fraud.evaluation.testset import TestSet
from fraud.features.assumptions import MIRRORS_SIMULATOR

SCHEMA = "evaluation/2"
Document = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """A model and its scores of the test rows."""

    name: str
    model: Candidate
    scored: Scored

    @classmethod
    def of(cls, name: str, model: Candidate, test: TestSet) -> "Judged":
        """Score the test rows; raises a FraudError if the model cannot."""
        return cls(name, model, Scored.of(test.judged, test.score(model), test.settings))


@dataclass(frozen=True)
class Unusable:
    """A champion that cannot be scored on the test rows, and why."""

    name: str
    problem: str


def champion_of(name: str, folder: Any, test: TestSet) -> Judged | Unusable:
    """The champion on the same rows. Other code may have made it: what it lacks is evidence, not an error."""
    try:
        champion = Judged.of(name, Candidate(folder), test)
        champion.model.trained_on()  # its documents can be read as well
        _drift(champion, test)
        return champion
    except FraudError as error:
        return Unusable(name, str(error))


def evidence(
    test: TestSet,
    candidates: list[Judged],
    selected: Judged,
    champion: Judged | Unusable | None,
    *,
    selected_by: str,
    seed: int,
) -> Document:
    """The whole document but for numbers that are not finite (`plain` makes them null)."""
    metrics = metrics_of(test.settings)
    rival = champion if isinstance(champion, Judged) else None
    models = {"candidate": selected} | ({"champion": rival} if rival else {})
    scored = {who: model.scored for who, model in models.items()}
    features = {name: test.column(name) for name in selected.model.features}
    baselines = baselines_of(test.judged, features, _rate(selected.model, test), test.settings, metrics)
    groups = slices.slices_of(test)
    lines = [line for who, each in scored.items() for line in lines_of(who, each)]

    by_metric = {
        (who, name): metric.statistic(each) for who, each in scored.items() for name, metric in metrics.items()
    } | {(each.name, PRIMARY): metrics[PRIMARY].statistic(each.scored) for each in baselines}
    by_slice = slices.statistics_of(groups, scored, metrics)
    drawn: Any = resampled(
        [
            *by_metric.items(),
            *(item for item in by_slice.items() if item[0][2] in (PRIMARY, slices.GAP)),
            *((("line", index), line.statistic) for index, line in enumerate(lines)),
        ],
        test.judged.cards,
        seed=seed,
    )

    def compared(metric: str, reference: str) -> Document:
        ours, theirs = ("candidate", metric), (reference, metric)
        return comparison(metric, reference, by_metric[ours], by_metric[theirs], drawn[ours], drawn[theirs])

    def described(who: str) -> Document:
        model = models[who]
        return {
            "name": model.name,
            "values": values_of(model.scored, metrics),
            "intervals": {name: intervals(drawn[who, name]) for name in metrics},
        }

    return {
        "schema": SCHEMA,
        "title": f"Card fraud, test {_days(test)}",
        "facts": _facts(test, selected.model, rival),
        "data": {
            "rows": len(test.judged.day),
            "unit": "card",
            "units": test.judged.cards,
            "event": "fraudulent card",
            "events": test.judged.fraudulent_cards(),
        },
        "metrics": {name: _description(metric) for name, metric in metrics.items()},
        "candidates": [_candidate(each, metrics) for each in candidates],
        "selected": selected.name,
        "selected_by": selected_by,
        "primary": PRIMARY,
        "candidate": described("candidate"),
        "champion": described("champion") if rival else vars(champion) if champion else None,
        "comparisons": [
            *(compared(name, "champion") for name in metrics if rival),
            *(compared(PRIMARY, each.name) for each in baselines),
        ],
        "slices": slices.described(groups, by_slice, drawn),
        "gaps": slices.gaps(groups, by_slice, drawn),
        "calibration": {"metrics": ["brier", "ece"]},
        "baselines": [_baseline(each) for each in baselines],
        "drift": _drift(rival, test) if rival else None,
        "alarms": [
            *alarms.leakage(test.judged, features),
            *alarms.overlap(selected.model, len(test.judged.day), test.also_in(selected.model)),
            *alarms.constant_features(selected.model, features, test.settings.test_days),
        ],
        "operations": operations({who: (each.model, test.inputs(each.model)) for who, each in models.items()}),
        "curves": curves(lines, [drawn["line", index] for index in range(len(lines))]),
        "importance": importance(selected.model, test.inputs(selected.model), test.judged, seed=seed),
        "explanations": explanations(
            selected.model,
            test.inputs(selected.model),
            selected.scored.score,
            test.judged.fraud,
            test.rows["TRANSACTION_ID"].to_numpy(),
        ),
    }


def plain(value: Any) -> Any:
    """The same document with null for each number that is not finite."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _days(test: TestSet) -> str:
    return f"{test.window.test_start} to {test.window.test_end - timedelta(days=1)}"


def _facts(test: TestSet, model: Candidate, rival: Judged | None) -> list[list[str]]:
    rows, settings = test.judged, test.settings
    frauds = int(rows.fraud.sum())
    found = []
    if learned := model.trained_on():
        found.append(["trained on", f"{learned[0]} to {learned[1] - timedelta(days=1)}"])
    found += [
        ["tested on", _days(test)],
        ["transactions", f"{len(rows.day):,} of {rows.cards:,} cards"],
        ["frauds", f"{frauds:,} ({frauds / len(rows.day):.2%}) on {rows.fraudulent_cards():,} cards"],
        ["left out", f"{test.cards_left_out:,} cards that were known as compromised"],
        ["labels", f"complete after {settings.delay_days} days"],
        ["budget", f"{settings.alerts_per_day} alerts a day, a review costs {settings.review_cost:g}"],
    ]
    found += [["assumed", f"{name} = {value}: {text}"] for name, value, text in MIRRORS_SIMULATOR]
    if rival and (seen := test.also_in(rival.model)):
        found.append(
            ["champion", f"{rival.name} was trained on {seen:,} of the test transactions: it looks too good"]
        )
    return found


def _description(metric: Metric) -> Document:
    return {name: getattr(metric, name) for name in ("title", "unit", "direction", "digits")}


def _candidate(judged: Judged, metrics: dict[str, Metric]) -> Document:
    training = judged.model.training or {}
    chosen = training.get("selection") or {}
    return {
        "name": judged.name,
        "family": judged.model.name,
        "parameters": training.get("parameters", {}),
        "selection": {chosen["metric"]: chosen["mean"]} if chosen else {},
        "metrics": values_of(judged.scored, metrics),
    }


def _baseline(baseline: Baseline) -> Document:
    return {"name": baseline.name, "values": values_of(baseline.scored, baseline.metrics)}


def _rate(model: Candidate, test: TestSet) -> float:
    """The share of frauds in training, which is what a constant would predict; in the test where nobody says."""
    training = model.training or {}
    frauds, rows = training.get("frauds"), training.get("rows")
    return frauds / rows if frauds and rows else float(test.judged.fraud.mean())


def _drift(champion: Judged, test: TestSet) -> Document | None:
    profile = champion.model.profile
    if profile is None:
        return None
    columns: dict[str, Floats] = {name: test.column(name) for name in champion.model.features}
    return drift(f"training data of {champion.name}", profile, columns, champion.scored.score.astype(float))
