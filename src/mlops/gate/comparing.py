"""Rules that compare: the candidate with the champion and with baselines, on the same rows.

All of them look at one interval, that of the policy's confidence, and at which side of a limit its ends are. The
interval that matters is one-sided: its lower end is above the true gain in (1 - confidence) of all cases only.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist
from typing import Any

from .case import APPROVAL, FAIL, NOT_ASSESSED, PASS, UNDECIDED, Case, Finding
from .evidence import CHAMPION, Difference

VERDICTS = {
    PASS: "is not worse than the margin of {margin} allows",
    FAIL: "is worse than the margin of {margin} allows",
    UNDECIDED: "is too uncertain: the interval reaches across the margin of {margin}",
}
WANTED = {
    PASS: "is better",
    FAIL: "is worse",
    UNDECIDED: "is too uncertain to say that it is better",
}


def outcome_of(difference: Difference, limit: float) -> str:
    """Where the gain's interval is: above the limit is a pass, below a fail, across it undecided."""
    low, _, high = difference.gain
    return PASS if low > limit else FAIL if high < limit else UNDECIDED


def _told(case: Case, difference: Difference, against: str) -> str:
    """A difference as text: what, how much, from where to where, against whom."""
    metric = difference.metric
    value, low, high = (
        case.number(metric, number, sign=True) for number in (difference.value, difference.low, difference.high)
    )
    return f"{metric} {value} [{low}, {high}] against {against}"


def _finding(case: Case, difference: Difference, margin: float, subject: str = "", outcome: str = "") -> Finding:
    """Non-inferiority by a margin, or superiority where the margin is 0 and `WANTED` says so."""
    outcome = outcome or outcome_of(difference, -margin)
    sentence = VERDICTS[outcome].format(margin=f"{margin:.3g}")
    return Finding(
        subject or difference.metric,
        outcome,
        f"{_told(case, difference, str(case.evidence.compared))} {sentence}",
        difference.value,
        -margin if difference.higher_is_better else margin,
        (difference.low, difference.high),
    )


def _not_inferior(case: Case, metric: str, margin: float | str) -> Finding:
    difference = case.evidence.difference(metric, CHAMPION, case.level)
    return _finding(case, difference, case.margin(metric, margin))


def champion(case: Case) -> Iterator[Finding]:
    """There is one and it could not be scored."""
    found = case.evidence.document.get("champion") or {}
    if found.get("problem"):
        yield Finding(
            found["name"], APPROVAL, f"{found['name']} could not be scored on these rows: {found['problem']}"
        )


def events(case: Case) -> Iterator[Finding]:
    """Enough of what the metric is about."""
    data, least = case.evidence.document["data"], case.policy["minimum_events"]
    enough = data["events"] >= least
    few = "enough" if enough else "too few"
    reason = f"{data['events']} events ({data['event']}) in the test rows are {few}: {least} are needed to compare"
    yield Finding(data["event"], PASS if enough else UNDECIDED, reason, data["events"], least)


def primary(case: Case) -> Iterator[Finding]:
    """Non-inferiority, or superiority, on the primary metric."""
    if case.policy["rule"] != "superiority":
        yield _not_inferior(case, case.primary, case.policy["margin"])
        return
    difference = case.evidence.difference(case.primary, CHAMPION, case.level)
    outcome = outcome_of(difference, 0)
    reason = f"{_told(case, difference, str(case.evidence.compared))} {WANTED[outcome]}"
    yield Finding(case.primary, outcome, reason, difference.value, 0.0, (difference.low, difference.high))


def gain(case: Case) -> Iterator[Finding]:
    """Better in any of several metrics, by Holm's step-down procedure on one-sided normal tests."""
    if case.policy["rule"] != "any":
        return
    found = [case.evidence.difference(metric, CHAMPION, case.level) for metric in case.policy["any_of"]]
    chances = sorted((chance(difference), difference.metric) for difference in found)
    alpha = 1 - case.policy["confidence"]
    better: list[str] = []
    for step, (p, metric) in enumerate(chances):
        if p > alpha / (len(chances) - step):
            break
        better.append(metric)
    subject = ", ".join(case.policy["any_of"])
    limit = alpha / len(chances)
    if better:
        yield Finding(
            subject, PASS, f"better than {case.evidence.compared} in {', '.join(better)}", chances[0][0], limit
        )
        return
    worse = all(outcome_of(difference, 0) == FAIL for difference in found)
    reason = f"no gain over {case.evidence.compared} is shown: p = {chances[0][0]:.3f} in {chances[0][1]}"
    yield Finding(
        subject, FAIL if worse else UNDECIDED, f"{reason}, at most {limit:.3f} is needed", chances[0][0], limit
    )


def chance(difference: Difference) -> float:
    """The one-sided p value of a gain: how often one as large comes up where there is none."""
    better = difference.gain[1]
    if difference.standard_error == 0:
        return 0.0 if better > 0 else 1.0
    return NormalDist().cdf(-better / difference.standard_error)


def guardrails(case: Case) -> Iterator[Finding]:
    """Not worse in any of these either."""
    for metric, margin in case.policy["guardrails"].items():
        yield _not_inferior(case, metric, margin)


def calibration(case: Case) -> Iterator[Finding]:
    """The same for the metrics of calibration, which the domain names."""
    known = (case.evidence.part("calibration") or {}).get("metrics", ())
    for metric, margin in case.policy["calibration"].items():
        if metric in known:
            yield _not_inferior(case, metric, margin)
        else:
            yield Finding(metric, NOT_ASSESSED, f"the evaluation does not measure calibration by {metric}")


def slices(case: Case) -> Iterator[Finding]:
    """No group is shown to be worse off; what cannot be said of a small one is said to be so."""
    settings = case.policy["slices"]
    if settings["margin"] is None:
        return
    unknown = {"report": NOT_ASSESSED, "approval": APPROVAL, "undecided": UNDECIDED}[settings["not_assessed"]]
    for part in case.evidence.part("slices"):
        subject = f"{part['slice']} {part['group']}"
        if not part["assessed"] or not _has_numbers(part.get("comparison")):
            reason = part.get("reason") or "the evaluation compares nothing here"
            yield Finding(subject, unknown, f"{subject} is not assessed: {reason}")
            continue
        difference = case.evidence.difference_of(part["comparison"], case.level)
        margin = case.margin(difference.metric, settings["margin"])
        outcome = outcome_of(difference, -margin)
        finding = _finding(case, difference, margin, subject, outcome)
        yield Finding(
            subject,
            unknown if outcome == UNDECIDED else outcome,
            f"{subject}: {finding.reason}",
            finding.value,
            finding.limit,
            finding.interval,
        )


def _has_numbers(comparison: dict[str, Any] | None) -> bool:
    """Whether a group has a comparison, and something could be resampled in it."""
    return bool(comparison and comparison["value"] is not None and None not in comparison["intervals"]["0.9"])


def baselines(case: Case) -> Iterator[Finding]:
    """Each baseline is beaten in the primary metric; in the domain's own one where it is compared in that only."""
    compared = {(each["metric"], each["reference"]) for each in case.evidence.document["comparisons"]}
    for baseline in case.evidence.part("baselines"):
        name = baseline["name"]
        metric = case.primary if (case.primary, name) in compared else case.evidence.document["primary"]
        difference = case.evidence.difference(metric, name, case.level)
        low, value, _ = difference.gain
        outcome = PASS if low > 0 else FAIL if value <= 0 else UNDECIDED
        words = {PASS: "beats it", FAIL: "does not beat it", UNDECIDED: "may not beat it: the interval holds 0"}
        reason = f"{_told(case, difference, f'the baseline {name}')} {words[outcome]}"
        yield Finding(name, outcome, reason, difference.value, 0.0, (difference.low, difference.high))
