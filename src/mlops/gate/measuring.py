"""Rules that measure: the candidate against a number, an alarm, or what the policy asks for."""

from __future__ import annotations

from collections.abc import Iterator

from .case import APPROVAL, FAIL, NOT_ASSESSED, PASS, Case, Finding


def floors(case: Case) -> Iterator[Finding]:
    """Each metric that the policy gives a floor reaches it; where lower is better the floor is a ceiling."""
    for metric, limit in case.policy["floors"].items():
        value, higher = case.evidence.value(metric), case.evidence.higher_is_better(metric)
        good = value >= limit if higher else value <= limit
        words = (
            ("reaches the floor" if good else "is below the floor")
            if higher
            else ("keeps the limit" if good else "is above the limit")
        )
        reason = f"{metric} {case.number(metric, value)} {words} {limit:g}"
        yield Finding(metric, PASS if good else FAIL, reason, value, limit)


def alarms(case: Case) -> Iterator[Finding]:
    """Any alarm that the domain raised."""
    for alarm in case.evidence.part("alarms"):
        subject = alarm.get("subject") or alarm["alarm"]
        yield Finding(subject, FAIL, f"{alarm['alarm']}: {alarm['text']}", alarm.get("value"), alarm.get("limit"))
    if not case.evidence.part("alarms"):
        yield Finding("all", PASS, "no alarm was raised")


def latency(case: Case) -> Iterator[Finding]:
    """One request's time, in milliseconds."""
    yield from _operation(case, "latency", "latency_ms", "ms", 1.0)


def size(case: Case) -> Iterator[Finding]:
    """What an instance loads, in megabytes."""
    yield from _operation(case, "size", "size_bytes", "MB", 1e6)


def _operation(case: Case, rule: str, part: str, unit: str, scale: float) -> Iterator[Finding]:
    """Below the absolute limit, and below a multiple of the champion's unless too small to matter."""
    found = (case.evidence.part("operations") or {}).get(part)
    if not found:
        yield Finding(part, NOT_ASSESSED, f"the evaluation does not measure {part}")
        return
    settings = case.policy[rule]
    value, limit = found["candidate"] / scale, settings["limit"]
    against = ""
    if case.evidence.compared and found.get("champion") is not None:
        champion = found["champion"] / scale
        relative = max(settings["ratio"] * champion, settings["ignore_below"])
        if relative < limit:
            limit = relative
            against = f" (the champion: {champion:.3g} {unit})"
    words = "is within" if value <= limit else "is above"
    reason = f"{rule} {value:.3g} {unit} {words} the limit of {limit:.3g} {unit}{against}"
    yield Finding(part, PASS if value <= limit else FAIL, reason, value, limit)


def drift(case: Case) -> Iterator[Finding]:
    """The population stability index of each feature, and of the scores, against the champion's training data."""
    found, limit = case.evidence.document.get("drift"), case.policy["drift"]["psi"]
    if not found:
        yield Finding("features", NOT_ASSESSED, "the evaluation does not measure drift")
        return
    psi = {row["name"]: row["psi"] for row in found["features"] if row.get("psi") is not None}
    if found.get("scores") is not None:
        psi["scores"] = found["scores"]
    moved = {name: value for name, value in psi.items() if value > limit}
    for name, value in moved.items():
        reason = f"{name} has moved: PSI {value:.3f} against {found['reference']}, the limit is {limit:g}"
        yield Finding(name, APPROVAL, reason, value, limit)
    if psi and not moved:
        name = max(psi, key=lambda each: psi[each])
        yield Finding(
            "features", PASS, f"PSI at most {psi[name]:.3f} ({name}), the limit is {limit:g}", psi[name], limit
        )


def approvals(case: Case) -> Iterator[Finding]:
    """Where the policy wants a person's word."""
    name = case.evidence.document["candidate"]["name"]
    if "every-model" in case.policy["approvals"]:
        yield Finding(name, APPROVAL, "the policy wants every model approved")
    elif "first-model" in case.policy["approvals"] and not case.evidence.document.get("champion"):
        yield Finding(name, APPROVAL, "the policy wants a first model approved")
