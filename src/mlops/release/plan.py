"""What has to be done so that an endpoint serves one version: the difference between wanted and observed, as data.

Stopped after any of its steps and computed again, a plan comes to the same end; there it is empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from .state import READY, Deployment, Observed, Wanted
from .steps import (
    CreateDeployment,
    CreateEndpoint,
    DeleteDeployment,
    DeleteEndpoint,
    RegisterEnvironment,
    ShiftTraffic,
    Step,
    TryDeployment,
)


def plan(wanted: Wanted, observed: Observed) -> list[Step]:
    """The steps from what is there to what is wanted, in their order; none where it is there."""
    return list(_steps(wanted, observed))


def _steps(wanted: Wanted, observed: Observed) -> Iterator[Step]:
    new = wanted.deployment
    there = {each.name: each for each in observed.deployments}
    traffic = dict(observed.traffic)
    if observed.state != READY:
        if observed.state is not None:
            yield DeleteEndpoint(wanted.endpoint, observed.state)
        yield CreateEndpoint(wanted.endpoint)
        there, traffic = {}, {}
    found = there.get(new.name)
    if found is not None and found.state != READY:
        if new.name in traffic:
            # what has traffic cannot be deleted; whoever has most of the rest takes over
            rest = {name: share for name, share in traffic.items() if name != new.name}
            heir = max(rest, key=lambda name: rest[name], default=None)
            yield ShiftTraffic(heir)
            traffic = {heir: 100} if heir else {}
        yield DeleteDeployment(new.name, f"it is {found.state}")
        found = None
    if found is None or not _serves(found, new):
        if new.environment not in observed.environments:
            yield RegisterEnvironment(new.environment)
        yield CreateDeployment(new.name, new.model, new.environment)
        yield TryDeployment(new.name)
    elif traffic != {new.name: 100}:
        yield TryDeployment(new.name)
    if traffic != {new.name: 100}:
        yield ShiftTraffic(new.name)
    for name in there:
        if name != new.name:
            yield DeleteDeployment(name, f"{new.name} takes its place")


def _serves(found: Deployment, new: Deployment) -> bool:
    """Whether a deployment is of this version, made from its bundle. Ids are compared without case."""
    same = found.environment == new.environment and found.release == new.release
    return same and found.model.lower() == new.model.lower()
