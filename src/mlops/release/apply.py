"""Bring a version behind an endpoint: observe, plan, do the first step, note it, and observe again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import serving
from ..config import Config
from ..errors import RolledBack, ServiceFailed
from ..workspace.runs import Report
from . import bundle as bundles
from . import checks, promotion, record, steps, traffic
from . import lease as leases
from .canary.run import Source
from .clock import Clock
from .lease import Lease
from .making import Making
from .means import Means, Unit
from .phases import Phases, golden
from .plan import plan, serves
from .record import ABANDONED, ROLLED_BACK, SUCCEEDED, UNDER_WAY, Record
from .state import Deployment, Observed, Phase, Progress, Wanted, observe
from .store import Store

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from .bundle import Bundle

RELEASED = "release"
"""The kind of a record that is no rollback."""
WAIT_SECONDS = 10.0
WAITS = 360
"""An hour for what somebody else has begun."""


@dataclass(frozen=True)
class Deployed:
    """A version behind an endpoint."""

    endpoint: str
    deployment: str
    version: int
    scoring_uri: str


def deploy(
    client: MLClient, config: Config, target: str, model: Any, report: Report, approved_by: str = ""
) -> Deployed:
    """The short form: a registered version, as its bundle says, tried by its examples and given all the traffic.

    Raises what `release` does.
    """
    endpoint = config.target(target).endpoint
    with unit_of(client, model) as unit:
        if others := serving.differences(config, unit.bundle.document):
            report(f"{model.name}:{model.version} is deployed as it was registered; here {others} differ")
            report("what is here takes a version of its own: mlops train")
        means = Means(report, report, golden)
        made = release(client, config, target, unit, means, approved_by=approved_by)
    now = observe(client, endpoint)
    champion = now.champion
    name = made.deployment if made else champion.name if champion else ""
    if not made:
        report(f"{name} has all the traffic already")
    return Deployed(endpoint, name, int(model.version), now.scoring_uri)


@contextlib.contextmanager
def unit_of(client: MLClient, model: Any) -> Iterator[Unit]:
    """A registered version of this workspace, with its bundle as long as the block takes.

    Raises BadInput where it has none, ServiceFailed where a file of it or of the model is not what was registered.
    """

    def read(name: str, version: int, folder: Path) -> Bundle:
        return bundles.read(client, name, version, folder)

    with checks.folder() as folder:
        bundle = read(str(model.name), int(model.version), Path(folder))
        checks.artifact(client, bundle)
        yield Unit(bundle, str(model.id), bundle.environment, read)


@contextlib.contextmanager
def unit_through(registry: MLClient, model: str, version: int) -> Iterator[Unit]:
    """A version that was promoted, as it is in a registry. Raises as `promotion.arrived` does."""

    def read(name: str, number: int, folder: Path) -> Bundle:
        return promotion.arrived(registry, name, number, folder)

    with checks.folder() as folder:
        bundle = read(model, version, Path(folder))
        there = promotion.ids(registry, bundle)
        yield Unit(bundle, there.model, there.environment, read)


def release(
    client: MLClient,
    config: Config,
    target: str,
    unit: Unit,
    means: Means,
    *,
    accept_breaking: bool = False,
    approved_by: str = "",
) -> Record | None:
    """Release a version; None where it has all the traffic already.

    Raises RolledBack where it was stopped, Busy where another release is at work, GateRefused or BadInput where it
    may not begin. After any other error: run again, it goes on where it was.
    """
    checks.allowed(config, target, unit.bundle, approved_by)
    endpoint = config.target(target).endpoint
    store = Store.of(client, endpoint)
    how = (means.clock, means.holder, config.release.lease_minutes, means.wait_seconds)
    with leases.held(store, *how) as held, contextlib.ExitStack() as stack:
        run = _Run(client, config, target, unit, means, store, held, stack)
        return run.whole(accept=accept_breaking, approved_by=approved_by)


def planned(client: MLClient, config: Config, target: str, unit: Unit, *, canary: bool) -> dict[str, Any]:
    """What `release` would do now, a document of schema release-plan/1. Reads only."""
    clock, endpoint = Clock(), config.target(target).endpoint
    store = Store.of(client, endpoint)
    observed = _seen(client, endpoint, unit)
    known = record.newest(store, clock)
    going = known if known and _same(known, unit.bundle) else None
    before = going.before if going else _before(known, observed)
    name = going.deployment if going else record.deployment_name(unit.bundle.model, unit.bundle.version, "XXXX")
    wanted = _wanted(config, target, unit, name, canary=canary and bool(before))
    fresh = Progress(before=before)
    progress = replace(going.progress(frozenset()) if going else fresh, kept=_kept(config, store, clock, observed))
    there = None if going else serves(wanted, observed)
    todo = [] if there else plan(wanted, observed, progress)
    creates = any(isinstance(step, steps.CreateDeployment) for step in todo)
    quota = checks.room(client, *unit.bundle.instances(target), observed) if creates else ""
    held = leases.current(store, clock)
    return {
        "schema": "release-plan/1",
        "endpoint": endpoint,
        "deployment": there.name if there else name,
        "model": unit.bundle.model,
        "version": unit.bundle.version,
        "release": going.id if going else None,
        "traffic": dict(observed.traffic),
        "quota": quota,
        "lease": leases.described(held) if held else None,
        "steps": [step.document() for step in todo],
    }


def _seen(client: MLClient, endpoint: str, unit: Unit, *, known: bool = False) -> Observed:
    """What is there. Whether the environment is, is asked where nobody knows; in a registry it is."""
    if known or unit.environment.startswith("azureml://"):
        return replace(observe(client, endpoint), environments=frozenset({unit.environment}))
    return observe(client, endpoint, unit.environment)


def _same(known: Record, bundle: Bundle) -> bool:
    """Whether a release that was begun is of this bundle, and not at its end."""
    return _broken_off(known) and bool(known.document["bundle"] == bundle.digest)


def _broken_off(known: Record) -> bool:
    return bool(known.document["kind"] == RELEASED and known.document["state"] == UNDER_WAY)


def _before(known: Record | None, observed: Observed) -> dict[str, int]:
    """The traffic to go back to: what it is, unless a release of another version was broken off in it."""
    if known and (_broken_off(known) or known.document["state"] == ABANDONED):
        before = {name: share for name, share in known.before.items() if observed.named(name)}
        return before or dict(observed.traffic)
    return dict(observed.traffic)


def _wanted(config: Config, target: str, unit: Unit, name: str, *, canary: bool) -> Wanted:
    policy = config.release.canary_of(target)
    tags = {"bundle": unit.bundle.digest}
    mirror = Phase(policy.mirror.share, policy.mirror.seconds) if canary and policy.mirror.share else None
    phases = tuple(Phase(step.share, step.seconds) for step in policy.steps) if canary else ()
    made = Deployment(name, unit.model, unit.environment, tags=tags)
    return Wanted(config.target(target).endpoint, made, mirror, phases, config.release.failed)


def _kept(config: Config, store: Store, clock: Clock, observed: Observed) -> frozenset[str]:
    """The deployments of the last releases but this one, which one can go back to."""
    good = []
    for each in observed.deployments:
        found = record.of(store, clock, each.release) if each.release else None
        if found and found.document["state"] == SUCCEEDED:
            good.append((each.release, each.name))
    last = sorted(good, reverse=True)[: config.release.keep - 1]
    return frozenset(name for _, name in last)


class _Run:
    """One release, as far as this process takes it."""

    def __init__(
        self,
        client: MLClient,
        config: Config,
        target: str,
        unit: Unit,
        means: Means,
        store: Store,
        held: Lease,
        stack: contextlib.ExitStack,
    ) -> None:
        self.client, self.config, self.target, self.unit, self.means = client, config, target, unit, means
        self.store, self.lease, self.stack = store, held, stack
        self.making = Making(client, config, target, held.renew)
        self.endpoint = self.making.endpoint
        self._environment_there = False

    def whole(self, *, accept: bool, approved_by: str) -> Record | None:
        """From whatever is there to the end."""
        now, bundle = self._observe(), self.unit.bundle
        known = record.newest(self.store, self.means.clock)
        going = known if known and _same(known, bundle) else None
        before = going.before if going else _before(known, now)
        self.wanted = _wanted(self.config, self.target, self.unit, "none", canary=self.means.source is not None)
        if not going and serves(self.wanted, now):
            return None
        live = replace(now, traffic=before).champion
        callers = self._callers(live, accept=accept)
        source = self._figures(live)
        if not (going and now.named(going.deployment)):
            self.means.report(checks.room(self.client, *bundle.instances(self.target), now))
        self.record = going or self._begin(known, before, approved_by)
        self.record.also = self.means.also
        made = replace(self.wanted.deployment, name=self.record.deployment)
        self.wanted = replace(self.wanted, deployment=made)
        self.kept = _kept(self.config, self.store, self.means.clock, now)
        if self.config.release.keep > 1:
            self.kept |= set(before)
        self.phases = Phases(
            self.client,
            self.endpoint,
            self.config.release.canary_of(self.target),
            bundle,
            callers,
            source,
            self.means,
            self.record,
            self.lease.renew,
            lambda: self.now,
            self._shift,
            self.stack,
        )
        self._converge()
        if reason := self.record.document["stopped"]:
            self.record.end(ROLLED_BACK, reason)
            raise RolledBack(
                f"{bundle.model}:{bundle.version} was stopped: {reason}",
                f"the traffic is as it was; release.json of {self.record.id} has the evidence",
            )
        self.record.end(SUCCEEDED)
        return self.record

    def _callers(self, live: Deployment | None, *, accept: bool) -> Bundle | None:
        """The bundle of what serves now, whose callers the new one must not break."""
        found = checks.live_bundle(self.unit.read, live, Path(self.stack.enter_context(checks.folder())))
        if live and not found:
            self.means.report(f"{live.name} was deployed without a bundle: what its callers need is not known")
        for broken in checks.callers(found, self.unit.bundle, accept=accept):
            self.means.report(f"breaks callers, as accepted: {broken}")
        return found

    def _figures(self, live: Deployment | None) -> Source | None:
        """Where a canary's figures come from. One that does not answer raises: nothing begins without figures."""
        if live is None or self.means.source is None:
            return None
        source, policy = self.means.source(), self.config.release.canary_of(self.target)
        source.counts([live.name], self.means.clock.now(), policy.objective_ms)
        return source

    def _begin(self, known: Record | None, before: Mapping[str, int], approved_by: str) -> Record:
        bundle = self.unit.bundle
        if known and _broken_off(known):
            known.end(ABANDONED, f"broken off; then version {bundle.version} was released")
        facts = {**checks.facts(bundle), "approved_by": approved_by or None, "target": self.target}
        facts |= {"endpoint": self.endpoint, "by": self.means.holder.name, "run": self.means.holder.run or None}
        facts |= {"before": {"traffic": dict(before)}, "kind": RELEASED}
        return record.begin(self.store, self.means.clock, bundle.model, bundle.version, **facts)

    def _observe(self) -> Observed:
        found = _seen(self.client, self.endpoint, self.unit, known=self._environment_there)
        self._environment_there = bool(found.environments)
        return found

    def _converge(self) -> None:
        """Do the first step of the plan until there is none; what was done must be seen."""
        last: steps.Step | None = None
        reads = waits = 0
        while True:
            self.lease.renew()
            self.now = self._observe()
            todo = plan(self.wanted, self.now, self.record.progress(self.kept))
            if not todo:
                return
            step = todo[0]
            if isinstance(step, steps.Wait):
                waits += 1
                if waits > WAITS:
                    raise ServiceFailed(f"{step.name} is {step.state} for an hour", "run it again later")
                self.means.show(str(step))
                self.means.clock.sleep(WAIT_SECONDS)
            elif step == last and reads < traffic.READS:
                reads += 1
                self.means.clock.sleep(traffic.BETWEEN_SECONDS)
            elif step == last:
                raise ServiceFailed(f"this was done and is not seen: {step}", "run it again")
            else:
                last, reads = step, 0
                self.means.report(str(step))
                self.record.note(step.document(), **self._do(step))

    def _do(self, step: steps.Step) -> dict[str, Any]:
        """One step, to its end; what it changes in the record."""
        making, unit = self.making, self.unit
        match step:
            case steps.RegisterEnvironment(name=name):
                making.register_environment(name)
            case steps.DeleteEndpoint():
                making.delete_endpoint()
            case steps.CreateEndpoint():
                making.create_endpoint()
            case steps.CreateDeployment(name=name, model=model, environment=environment):
                try:
                    making.create_deployment(name, model, environment, unit.bundle, self.record.id)
                except ServiceFailed as error:
                    return self._not_made(name, error)
            case steps.DeleteDeployment(name=name):
                making.delete_deployment(name)
            case steps.ShiftTraffic(traffic=shares):
                self._shift(shares, {})
            case steps.ScaleDown(name=name):
                making.scale_down(name)
            case steps.SaveLogs(name=name):
                file = f"{self.record.id}/log.txt"
                self.store.text(file, making.logs(name))
                return {"logs": file}
            case steps.Prove(name=name):
                return self.phases.prove(name)
            case steps.Mirror(share=share, seconds=seconds):
                return self.phases.mirror(share, seconds)
            case steps.Canary(share=share, seconds=seconds, traffic=shares):
                return self.phases.canary(share, seconds, shares)
        return {}

    def _not_made(self, name: str, error: ServiceFailed) -> dict[str, Any]:
        """A deployment that could not be made is a stop; a call that was refused may be tried again."""
        found = self._observe().named(name)
        if found is None or not found.failed:
            raise error
        return {"stopped": f"the deployment failed: {error}"}

    def _shift(self, shares: Mapping[str, int], mirror: Mapping[str, int]) -> None:
        traffic.write(self.client, self.endpoint, shares, mirror, self.means.clock, self.lease.renew)
