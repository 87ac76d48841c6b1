"""Whether callers of one version can go on with another one: what would break, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

WIDER = ("integer", "long", "float", "double")
"""The number types of a model's signature: what one takes, those after it take, too."""


def breaking(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What a caller of `before` may send or reads that `after` refuses or lacks; empty where nothing breaks.

    Both are contracts of releases (`contract` of release.json). A field that `after` does not know counts as
    refused: a scoring script may ignore it, and must not. A contract without inputs promises nothing.
    """
    return [*_refused(before["inputs"], after["inputs"]), *_lacking(before["answer"], after["answer"], "answer")]


def _refused(before: Any, after: Any) -> Iterator[str]:
    if before is None:
        return
    if after is None:
        yield "it does not say any more what it takes"
        return
    had, has = _columns(before), _columns(after)
    if had is None or has is None:
        if before != after:
            yield "it takes tensors, or columns without names, of another form"
        return
    for name in had:
        if name not in has:
            yield f"{name} is sent, and is not known any more"
    for name, column in has.items():
        required = column.get("required", True)
        if name not in had:
            if required:
                yield f"{name} is needed, and nobody sends it yet"
        elif required and not had[name].get("required", True):
            yield f"{name} may be left out, and is needed now"
    for name in had.keys() & has.keys():
        yield from _narrowed(name, had[name], has[name])


def _columns(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]] | None:
    """The columns by name; None where some have none."""
    named = {str(column["name"]): column for column in inputs if column.get("name")}
    return named if len(named) == len(inputs) else None


def _narrowed(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = ({k: v for k, v in each.items() if k not in ("name", "required")} for each in (before, after))
    was, now = old.get("type"), new.get("type")
    if was in WIDER and now in WIDER:
        if WIDER.index(now) < WIDER.index(was):
            yield f"{name} is sent as {was}, and is taken as {now} only"
    elif old != new:
        yield f"{name} is sent as {was}, and is taken as {now}" + (" of another form" if was == now else "")


def _lacking(before: Mapping[str, Any], after: Mapping[str, Any], at: str) -> Iterator[str]:
    """Where an answer that fits `after` need not fit `before`; what it has besides breaks nobody."""
    if surprising := sorted(set(after["type"]) - set(before["type"])):
        yield f"{at} was {' or '.join(before['type'])}, and may be {' or '.join(surprising)}"
    if "items" in after and "array" in before["type"]:
        if "items" in before:
            yield from _lacking(before["items"], after["items"], f"{at}[]")
        else:
            yield f"{at} was always empty, and has elements now"
    if "properties" in after and "properties" in before:
        for name in before["properties"]:
            if name not in after["properties"]:
                if name in before["required"]:
                    yield f"{at}.{name} is read, and is not there any more"
                continue
            if name in before["required"] and name not in after["required"]:
                yield f"{at}.{name} is read, and may be missing now"
            yield from _lacking(before["properties"][name], after["properties"][name], f"{at}.{name}")
