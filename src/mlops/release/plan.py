"""What has to be done so that an endpoint serves one version: the difference between wanted and observed, as data.

Stopped after any of its steps and computed again, a plan comes to the same end; there it is empty. What serves now
is never changed: a release makes a deployment of its own, and moves traffic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..errors import ServiceFailed
from .state import BUSY, READY, Deployment, Observed, Progress, Wanted
from .steps import (
    Canary,
    CreateDeployment,
    CreateEndpoint,
    DeleteDeployment,
    DeleteEndpoint,
    Mirror,
    Prove,
    RegisterEnvironment,
    SaveLogs,
    ScaleDown,
    ShiftTraffic,
    Step,
    Wait,
)

ALL = 100


def plan(wanted: Wanted, observed: Observed, progress: Progress) -> list[Step]:
    """The steps from what is there to what is wanted, in their order; none where it is there.

    Raises ServiceFailed for an endpoint that has failed and must not be deleted: something in it serves.
    """
    return list(_back(wanted, observed, progress) if progress.stopped else _forward(wanted, observed, progress))


def _forward(wanted: Wanted, observed: Observed, progress: Progress) -> Iterator[Step]:
    new, name = wanted.deployment, wanted.deployment.name
    if observed.state != READY:
        yield from _endpoint(wanted.endpoint, observed)
        if observed.state not in BUSY or observed.state == "Deleting":
            observed = replace(observed, traffic={}, deployments=(), mirror={})
    before, traffic = _there(progress.before, observed), dict(observed.traffic)
    found = observed.named(name)
    broken = found is not None and found.failed
    begun = progress.proved and (progress.mirrored or bool(progress.passed) or wanted.mirror is None)
    mine = {name} if not broken and (begun or not before) else set()
    if (before or name in traffic) and (strangers := set(traffic) - set(before) - mine):
        traffic = before
        yield ShiftTraffic(before, f"{', '.join(sorted(strangers))} is not to have any")
    corpses = [each for each in observed.deployments if each.release and each.failed and each.name not in traffic]
    for corpse in corpses:
        yield DeleteDeployment(corpse.name, f"it is {corpse.state}")
    if found is None or found in corpses:
        if new.environment not in observed.environments:
            yield RegisterEnvironment(new.environment)
        yield CreateDeployment(name, new.model, new.environment)
    elif found.state in BUSY:
        yield Wait(name, found.state)
    if not progress.proved:
        yield Prove(name)
    champion = heir(before)
    phases = list(_canary(wanted, progress, champion)) if champion else []
    yield from phases
    if not phases and (traffic != {name: ALL} or observed.mirror):
        yield ShiftTraffic({name: ALL})
    gone = {each.name for each in corpses}
    yield from _pruned([each for each in observed.deployments if each.name not in gone], {name, *progress.kept})


def _endpoint(name: str, observed: Observed) -> Iterator[Step]:
    """From an endpoint that is not ready to one that is."""
    state = observed.state
    if state is not None and state in BUSY:
        yield Wait(name, state)
        if state != "Deleting":
            return
    elif state is not None:
        if any(each.state == READY for each in observed.deployments):
            raise ServiceFailed(
                f"the endpoint {name} is {state}, and has deployments that work",
                "see in the studio what it lacks; nothing was changed",
            )
        yield DeleteEndpoint(name, state)
    yield CreateEndpoint(name)


def _canary(wanted: Wanted, progress: Progress, champion: str) -> Iterator[Step]:
    name = wanted.deployment.name
    if wanted.mirror and not progress.mirrored and not progress.passed:
        yield Mirror(name, wanted.mirror.share, wanted.mirror.seconds)
    for step in wanted.steps:
        if step.share not in progress.passed:
            rest = {champion: ALL - step.share} if step.share < ALL else {}
            yield Canary(name, step.share, step.seconds, {**rest, name: step.share})


def _pruned(deployments: Iterable[Deployment], stay: set[str]) -> Iterator[Step]:
    """Deployments of releases that nobody will go back to. What no release has made is left alone."""
    for each in deployments:
        if not each.release or each.name in stay:
            continue
        if each.state in BUSY:
            yield Wait(each.name, each.state)
        if each.state != "Deleting":
            yield DeleteDeployment(each.name, "none of the last releases goes back to it")


def _back(wanted: Wanted, observed: Observed, progress: Progress) -> Iterator[Step]:
    name = wanted.deployment.name
    before = _there(progress.before, observed)
    if observed.state in BUSY:
        yield Wait(wanted.endpoint, str(observed.state))
    if observed.state is not None and (observed.traffic != before or observed.mirror):
        yield ShiftTraffic(before, "as it was before")
    found = observed.named(name)
    if found is None or wanted.failed == "keep":
        return
    if found.state in BUSY:
        yield Wait(name, found.state)
    if not progress.logs:
        yield SaveLogs(name)
    if wanted.failed == "remove" or found.failed:
        yield DeleteDeployment(name, "it was stopped")
    elif found.instances > 1:
        yield ScaleDown(name)


def _there(traffic: Mapping[str, int], observed: Observed) -> dict[str, int]:
    """A traffic map without deployments that are gone; what they had goes to whoever has most."""
    left = {name: share for name, share in traffic.items() if observed.named(name)}
    if left and (lost := ALL - sum(left.values())):
        left[heir(left)] += lost
    return left


def heir(traffic: Mapping[str, int]) -> str:
    """Who has most of the traffic, of equals the first by name; empty without traffic."""
    return min(traffic, key=lambda name: (-traffic[name], name), default="")


def serves(wanted: Wanted, observed: Observed) -> Deployment | None:
    """What serves the wanted bundle already, with all the traffic; None where nothing does."""
    champion = observed.champion
    if champion is None or champion.state != READY or champion.bundle != wanted.deployment.bundle:
        return None
    return champion if observed.traffic == {champion.name: ALL} and not observed.mirror else None
