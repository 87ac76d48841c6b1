"""The evidence that the gate judges: evaluation.json, schema evaluation/2, read strictly.

The domain writes it; docs/evidence.md documents it. What is read here is all that delivery knows of a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .shape import (
    UnusableEvidence,
    count,
    each,
    interval,
    mapping,
    maybe,
    number,
    one_of,
    reading,
    record,
    rows,
    text,
    truth,
)

SCHEMA = "evaluation/2"
CHAMPION = "champion"
LEVELS = ("0.8", "0.9", "0.95", "0.98", "0.99")
"""The two-sided levels of a comparison's intervals; an end of one bounds with the confidence (1 + level) / 2."""

VALUES = mapping(maybe(number))
INTERVALS = mapping(mapping(interval))
COMPARISON = record(
    {
        "metric": text,
        "reference": text,
        "value": maybe(number),
        "standard_error": maybe(number),
        "intervals": record(dict.fromkeys(LEVELS, interval)),
        "resamples": count,
    },
    {"smallest_detectable": number},
)
SLICE = record(
    {"slice": text, "group": text, "rows": count, "units": count, "events": count, "assessed": truth},
    {"reason": text, "values": VALUES, "champion": VALUES, "comparison": COMPARISON},
)
GAP = record(
    {"slice": text, "metric": text, "value": maybe(number), "groups": each(text)}, {"interval": mapping(interval)}
)
LINE = record({"name": text, "points": rows(maybe(number), 2)}, {"band": rows(maybe(number), 3)})
BOTH = record({"candidate": number}, {"champion": number})
DOCUMENT = record(
    {
        "schema": one_of(SCHEMA),
        "title": text,
        "data": record({"rows": count, "unit": text, "units": count, "event": text, "events": count}),
        "metrics": mapping(
            record({"title": text, "unit": text, "direction": one_of("higher", "lower"), "digits": count})
        ),
        "candidates": each(record({"name": text, "metrics": VALUES}, {"family": text, "selection": VALUES})),
        "selected": text,
        "selected_by": text,
        "primary": text,
        "candidate": record({"name": text, "values": VALUES}, {"intervals": INTERVALS}),
        "comparisons": each(COMPARISON),
    },
    {
        "facts": rows(text, 2),
        "champion": record({"name": text}, {"problem": text, "values": VALUES, "intervals": INTERVALS}),
        "slices": each(SLICE),
        "gaps": each(GAP),
        "calibration": record({"metrics": each(text)}),
        "baselines": each(record({"name": text, "values": VALUES})),
        "drift": record(
            {"reference": text, "features": each(record({"name": text}, {"psi": number}))}, {"scores": number}
        ),
        "alarms": each(record({"alarm": text, "text": text}, {"subject": text, "value": number, "limit": number})),
        "operations": mapping(BOTH),
        "curves": each(record({"name": text, "x": text, "y": text, "lines": each(LINE)})),
        "importance": each(record({"name": text, "value": number}, {"standard_error": number})),
        "explanations": each(
            record(
                {
                    "kind": text,
                    "row": text,
                    "score": number,
                    "base": number,
                    "contributions": each(record({"name": text, "value": number, "adds": number})),
                    "rest": number,
                }
            )
        ),
    },
)


@dataclass(frozen=True)
class Difference:
    """Candidate minus reference in one metric, and the ends of the interval that the policy asks for."""

    metric: str
    reference: str
    value: float
    low: float
    high: float
    standard_error: float
    higher_is_better: bool

    @property
    def gain(self) -> tuple[float, float, float]:
        """The same as low, value, high of how much *better* the candidate is, whatever the metric's direction."""
        if self.higher_is_better:
            return self.low, self.value, self.high
        return -self.high, -self.value, -self.low


@dataclass(frozen=True)
class Evidence:
    """An evaluation that has been checked."""

    document: dict[str, Any]

    @classmethod
    def of(cls, document: Any) -> Evidence:
        """Check a document. Raises UnusableEvidence."""
        DOCUMENT(document, "")
        for path, metric in _named_metrics(document):
            if metric not in document["metrics"]:
                raise UnusableEvidence(f"{path}: names {metric}, which `metrics` does not describe")
        names = [candidate["name"] for candidate in document["candidates"]]
        for path, name in (("selected", document["selected"]), ("candidate.name", document["candidate"]["name"])):
            if name not in names:
                raise UnusableEvidence(f"{path}: is {name}, and the candidates are: {', '.join(names)}")
        return cls(document)

    def part(self, name: str) -> Any:
        """An optional part; empty where there is none."""
        return self.document.get(name) or ()

    @property
    def compared(self) -> str | None:
        """The name of the champion that was scored on the same rows; None without one."""
        champion = self.document.get("champion")
        return champion["name"] if champion and not champion.get("problem") else None

    def describe(self, metric: str) -> dict[str, Any]:
        """A metric's title, unit, direction and digits. Raises UnusableEvidence for an unknown one."""
        if metric not in self.document["metrics"]:
            known = ", ".join(sorted(self.document["metrics"]))
            raise UnusableEvidence(f"the policy names the metric {metric}; the evaluation has: {known}")
        return dict(self.document["metrics"][metric])

    def higher_is_better(self, metric: str) -> bool:
        return bool(self.describe(metric)["direction"] == "higher")

    def value(self, metric: str, of: str = "candidate") -> float:
        """The metric of the candidate or the champion on the test rows. Raises UnusableEvidence without one."""
        self.describe(metric)
        value = (self.document[of].get("values") or {}).get(metric)
        if value is None:
            raise UnusableEvidence(f"{of}.values.{metric}: is missing, and the policy judges by it")
        return float(value)

    def difference(self, metric: str, reference: str, level: str) -> Difference:
        """The comparison with the champion or a baseline. Raises UnusableEvidence where there is none."""
        self.describe(metric)
        for comparison in self.document["comparisons"]:
            if (comparison["metric"], comparison["reference"]) == (metric, reference):
                return self.difference_of(comparison, level)
        raise UnusableEvidence(f"comparisons: has none of {metric} with {reference}, and the policy judges by it")

    def difference_of(self, comparison: dict[str, Any], level: str) -> Difference:
        """A comparison as a difference with the interval of this two-sided level. Raises UnusableEvidence."""
        metric, reference = comparison["metric"], comparison["reference"]
        numbers = [comparison["value"], *comparison["intervals"][level], comparison["standard_error"]]
        if None in numbers:
            raise UnusableEvidence(f"comparisons: {metric} with {reference} has no numbers to judge by")
        value, low, high, error = numbers
        return Difference(metric, reference, value, low, high, error, self.higher_is_better(metric))


def read(file: Path) -> dict[str, Any]:
    """Read evaluation.json. Raises UnusableEvidence with the path of what is wrong, OSError without a file."""
    return reading(file, lambda document: Evidence.of(document).document)


def _named_metrics(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every place that names a metric, and the metric."""
    yield "primary", document["primary"]

    def of(path: str, names: Iterable[str] | None) -> Iterator[tuple[str, str]]:
        for name in names or ():
            yield path, name

    yield from of("candidate.values", document["candidate"]["values"])
    yield from of("champion.values", (document.get("champion") or {}).get("values"))
    yield from of("calibration.metrics", (document.get("calibration") or {}).get("metrics"))
    yield from of("comparisons", (comparison["metric"] for comparison in document["comparisons"]))
    yield from of("gaps", (gap["metric"] for gap in document.get("gaps") or ()))
    for part in document.get("slices") or ():
        yield from of("slices", part.get("values"))
        if part.get("comparison"):
            yield "slices", part["comparison"]["metric"]
    for candidate in document["candidates"]:
        yield from of("candidates", candidate["metrics"])
