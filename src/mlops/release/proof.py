"""Proof before traffic: a deployment, asked by its name, answers as the evaluation did, refuses what is wrong, and
is quick enough. Bad requests are made from a good one, by its structure: what a row means is not known here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..config import Proof
from . import load
from .asking import OK, Answer, Ask
from .scoring import Examples, first_difference

Report = Callable[[str], None]
Way = tuple[str | int, ...]
"""Keys and indices that lead to a place in a JSON value."""
DEPTH = 100_000
"""Deeper than a parser goes."""
LONG = 1_000_000
"""Bytes of a text where nobody expects one: more than a request may need, less than what a network minds."""
SHOWN = 5


class Golden(Protocol):
    """What a release bundle has of requests whose answers are known."""

    @property
    def examples(self) -> Examples: ...
    @property
    def probes(self) -> Sequence[tuple[Any, Any, float]]:
        """(request, answer, weight)."""


@dataclass(frozen=True)
class Bad:
    """A request that must be refused."""

    name: str
    body: bytes


def prove(bundle: Golden, ask: Ask, policy: Proof, report: Report) -> dict[str, Any]:
    """Ask for all of it; nothing is cut short by a failure, so that all of them are seen at once.

    Returns what was seen, `passed`, and in `reasons` a line for each thing that is not as it must be. `ask` is
    already bound to the deployment (see `named`).
    """
    golden, wrong = _golden(bundle, ask)
    report(f"golden requests: {golden['equal']} of {golden['asked']} answered as by the evaluation")
    refused, not_refused = _bad(bundle.examples.request, ask, set(policy.answered))
    report(
        f"bad requests: {sum(each['ok'] for each in refused)} of {len(refused)} refused as the caller's mistake"
    )
    measured, over = _load(bundle, ask, policy)
    took = f"p99 {measured['p99_ms']:.0f} ms" if measured["p99_ms"] is not None else "none was sent"
    report(f"load: {measured['requests']} requests at {policy.rate:g}/s, {measured['failed']} failed, {took}")
    reasons = [*wrong, *not_refused, *over]
    return {"passed": not reasons, "reasons": reasons, "golden": golden, "bad": refused, "load": measured}


def named(ask: Ask, name: str) -> Ask:
    """Asks this deployment, whatever the traffic."""

    def asked(body: bytes, deployment: str | None = None) -> Answer:
        return ask(body, deployment or name)

    return asked


def _golden(bundle: Golden, ask: Ask) -> tuple[dict[str, Any], list[str]]:
    asked, wrong = 0, []
    pairs = [(bundle.examples.request, bundle.examples.answer), *((probe[0], probe[1]) for probe in bundle.probes)]
    for number, (request, expected) in enumerate(pairs):
        asked += 1
        answer = ask(json.dumps(request).encode())
        if difference := _difference(expected, answer):
            wrong.append(f"golden request {number}: {difference}")
    more = [f"golden requests: {len(wrong) - SHOWN} more are not answered so"] if len(wrong) > SHOWN else []
    return {"asked": asked, "equal": asked - len(wrong)}, [*wrong[:SHOWN], *more]


def _difference(expected: Any, answer: Answer) -> str:
    if not answer.good:
        return _said(answer)
    try:
        return first_difference(expected, json.loads(answer.body))
    except ValueError:
        return f"the answer is not JSON: {answer.body[:80]!r}"


def _said(answer: Answer) -> str:
    model = f", the model's own {answer.model_status}" if answer.model_status != answer.status else ""
    return f"answered with {answer.status or 'nothing'}{model}: {answer.body[:160].decode(errors='replace')}"


def _bad(request: Any, ask: Ask, answered: set[str]) -> tuple[list[dict[str, Any]], list[str]]:
    found, wrong = [], []
    for bad in bad_requests(request):
        answer = ask(bad.body)
        ok = answer.refused or (bad.name in answered and answer.good)
        found.append({"name": bad.name, "status": answer.status, "model_status": answer.model_status, "ok": ok})
        if not ok:
            wrong.append(f"bad request ({bad.name}): not refused, {_said(answer)}")
    return found, wrong


def _load(bundle: Golden, ask: Ask, policy: Proof) -> tuple[dict[str, Any], list[str]]:
    requests = [probe[0] for probe in bundle.probes] or [bundle.examples.request]
    result = load.run(ask, [json.dumps(each).encode() for each in requests], policy.rate, policy.seconds)
    measured, wrong = result.document(), []
    if not result.requests:
        wrong.append("load: no request was sent")
    elif result.failed > policy.errors * result.requests:
        first = next(each for each in result.sent if each.status != OK)
        many = f"{result.failed} of {result.requests} requests failed, {policy.errors:g} of them may"
        wrong.append(f"load: {many}; the first with {first.status or 'nothing'}: {first.said}")
    if measured["p99_ms"] is not None and measured["p99_ms"] > policy.p99_ms:
        wrong.append(f"load: p99 is {measured['p99_ms']:.0f} ms, the budget {policy.p99_ms:g} ms")
    return measured, wrong


def bad_requests(request: Any) -> Iterator[Bad]:
    """What must be refused, each with a name that `answered` of `[release.proof]` may list."""
    text = json.dumps(request)
    yield Bad("nothing", b"")
    yield Bad("no JSON", text[: len(text) // 2].encode())
    yield Bad("no text", b"\xff\xfe" + text.encode())
    yield Bad("another type", b'"text"')
    yield Bad("null for all", b"null")
    yield Bad("no fields", b"{}")
    yield Bad("too deep", b"[" * DEPTH)
    yield Bad("far too long", json.dumps({"x": "x" * LONG}).encode())
    ways = list(_ways(request))
    lists = [way for way, value in ways if isinstance(value, list) and value]
    numbers = [way for way, value in ways if isinstance(value, int | float) and not isinstance(value, bool)]
    if lists:
        yield Bad("an empty list", json.dumps(_with(request, lists[0], [])).encode())
        yield Bad("an object for a list", json.dumps(_with(request, lists[0], {"0": 1})).encode())
    if not numbers:
        return
    way = numbers[-1]
    if isinstance(way[-1], str):
        yield Bad("a field less", json.dumps(_without(request, way)).encode())
    for name, value in (
        ("a text for a number", "much"),
        ("the text NaN", "NaN"),
        ("null for a number", None),
        ("true for a number", True),
        ("a list for a number", [1]),
        ("NaN", float("nan")),
        ("infinity", float("inf")),
        ("a number too large", 10**400),
    ):
        yield Bad(name, json.dumps(_with(request, way, value)).encode())


def _ways(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Every place of a JSON value, the outer ones first."""
    yield way, value
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, each in inner:
        yield from _ways(each, (*way, key))


def _with(value: Any, way: Way, new: Any) -> Any:
    """A copy with another value in one place."""
    if not way:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = _with(value[way[0]], way[1:], new)  # type: ignore[index]
    return copy


def _without(value: Any, way: Way) -> Any:
    """A copy without one field."""
    if len(way) == 1:
        return {key: each for key, each in value.items() if key != way[0]}
    return _with(value, way[:1], _without(value[way[0]], way[1:]))
