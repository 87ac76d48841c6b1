"""Back to a version before, by hand, in seconds: nothing is made and nothing is judged.

It waits for nobody: the lease is taken from a release that is under way, which stops when it sees that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..errors import BadInput
from ..workspace.runs import Report
from . import lease as leases
from . import record, traffic
from .clock import Clock
from .lease import Holder
from .record import ROLLED_BACK, SUCCEEDED, UNDER_WAY, Record
from .state import MODEL, READY, Deployment, Observed, observe
from .steps import ShiftTraffic
from .store import Store

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

ALL = 100
KIND = "rollback"


@dataclass(frozen=True)
class _Back:
    """Where the traffic goes: the whole map, and the version that has most of it then."""

    traffic: Mapping[str, int]
    version: int | None
    deployment: str


def rollback(
    client: MLClient,
    config: Config,
    target: str,
    to: int | None,
    reason: str,
    report: Report,
    *,
    clock: Clock | None = None,
    holder: Holder | None = None,
    also: Callable[[Mapping[str, Any]], None] | None = None,
) -> Record:
    """Give the traffic back, to the version `to` or to what had it before; the record of that.

    Raises BadInput where no deployment of that version stands any more: it has to be released.
    """
    clock, holder = clock or Clock(), holder or Holder()
    endpoint = config.target(target).endpoint
    store = Store.of(client, endpoint)
    with leases.held(store, clock, holder, config.release.lease_minutes, 0, force=True) as lease:
        now = observe(client, endpoint)
        if now.state is None:
            raise BadInput(f"there is no endpoint {endpoint}", "release first: mlops release")
        last = record.newest(store, clock)
        last = last if last and last.document["state"] == UNDER_WAY else None
        if last and last.document["kind"] == KIND and to in (None, last.document["version"]):
            kept = last  # broken off: without this it would go back once more
        else:
            under_way = last if last and last.document["kind"] != KIND else None
            back = _to(store, clock, now, under_way, to)
            facts = {"target": target, "endpoint": endpoint, "by": holder.name, "run": holder.run or None}
            kept = _begun(store, clock, now, back, under_way, {**facts, "reason": reason})
        kept.also = also
        step = ShiftTraffic(kept.document["traffic"], kept.document["reason"])
        report(str(step))
        if now.traffic != step.traffic or now.mirror:
            traffic.write(client, endpoint, step.traffic, {}, clock, lease.renew)
        kept.note(step.document())
        for id in kept.document["left"]:
            if left := record.of(store, clock, id):
                left.end(ROLLED_BACK, f"by hand: {kept.document['reason']}")
        kept.end(SUCCEEDED)
    return kept


def _to(store: Store, clock: Clock, now: Observed, under_way: Record | None, to: int | None) -> _Back:
    """Where to. Raises BadInput where there is nothing to go back to."""
    if to is not None:
        return _at(now, to, [each for each in now.deployments if each.version == to and each.state == READY])
    if under_way:
        return _map(now, under_way.before)
    champion = now.champion
    made = record.of(store, clock, champion.release) if champion and champion.release else None
    if made is None:
        raise BadInput("what serves was not released: nothing says what was there before", "name it: --to VERSION")
    return _map(now, made.before)


def _at(now: Observed, version: int, standing: list[Deployment]) -> _Back:
    if not standing:
        known = sorted({each.version for each in now.deployments if each.version and each.state == READY})
        raise BadInput(
            f"no deployment of version {version} stands any more; those that do: {known or 'none'}",
            f"it has to be released: mlops release {version}",
        )
    last = max(standing, key=lambda each: each.release)
    return _Back({last.name: ALL}, version, last.name)


def _map(now: Observed, before: Mapping[str, int]) -> _Back:
    left = {name: share for name, share in before.items() if (each := now.named(name)) and each.state == READY}
    if not left or sum(left.values()) != ALL:
        raise BadInput(
            "of what had the traffic before nothing stands any more",
            "release a version that was good: mlops release VERSION",
        )
    first = min(left, key=lambda name: (-left[name], name))
    found = now.named(first)
    return _Back(left, found.version if found else None, first)


def _begun(
    store: Store, clock: Clock, now: Observed, back: _Back, under_way: Record | None, facts: Mapping[str, Any]
) -> Record:
    """The record: `left` are the releases that nobody will come back to by itself."""
    serves = now.named(back.deployment)
    assert serves is not None  # noqa: S101 - it was chosen among those that stand
    left = [each.release for each in now.deployments if each.name in now.traffic and each.name not in back.traffic]
    ids = sorted({*filter(None, left), *([under_way.id] if under_way else [])})
    known: dict[str, Any] = {"kind": KIND, "deployment": back.deployment, "bundle": serves.bundle, "left": ids}
    known |= {"traffic": dict(back.traffic), "before": {"traffic": dict(now.traffic)}}
    model = serves.tags.get(MODEL, "")
    return record.begin(store, clock, model, back.version or 0, **known, **facts)
