"""Bring a version behind an endpoint: observe, plan, do the first step, note it, and observe again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import Config
from ..errors import RolledBack, ServiceFailed
from ..workspace.runs import Report
from . import checks, proof, record, steps, traffic
from . import lease as leases
from .asking import Ask, Asking
from .canary import agreement
from .canary.run import Phase, Source, Watch, counted, line, requests
from .clock import Clock
from .lease import Holder, Lease
from .making import Making
from .plan import plan, serves
from .record import ABANDONED, MIRROR, ROLLED_BACK, SUCCEEDED, UNDER_WAY, Record
from .state import Deployment, Observed, Progress, Wanted, observe
from .state import Phase as Planned
from .store import Store

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from .bundle import Bundle

WAIT_SECONDS = 10.0
WAITS = 360
"""An hour for what somebody else has begun."""
Prove = Callable[["Bundle", Ask], dict[str, Any]]


@dataclass(frozen=True)
class Means:
    """What a release works with besides Azure Machine Learning.

    `source` gives the figures of a canary: without it the traffic moves at once. `show` gets what changes all
    the time, `report` what a person reads once; `also` gets release.json whenever it changes. `wait_seconds` is
    how long another release is waited for.
    """

    report: Report
    show: Report
    source: Callable[[], Source] | None = None
    prove: Prove | None = None
    clock: Clock = field(default_factory=Clock)
    holder: Holder = field(default_factory=Holder)
    wait_seconds: float = 0.0
    also: Callable[[Mapping[str, Any]], None] | None = None


@dataclass(frozen=True)
class Unit:
    """What is released: a bundle, and the ids under which its model and its environment are to be had here."""

    bundle: Bundle
    model: str
    environment: str


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
    observed = observe(client, endpoint, "" if ":/" in unit.environment else unit.environment)
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


def _same(known: Record, bundle: Bundle) -> bool:
    """Whether a release that was begun is of this bundle, and not at its end."""
    return bool(known.document["state"] == UNDER_WAY and known.document["bundle"] == bundle.digest)


def _before(known: Record | None, observed: Observed) -> dict[str, int]:
    """The traffic to go back to: what it is, unless a release of another version was broken off in it."""
    if known and known.document["state"] in (UNDER_WAY, ABANDONED):
        before = {name: share for name, share in known.before.items() if observed.named(name)}
        return before or dict(observed.traffic)
    return dict(observed.traffic)


def _wanted(config: Config, target: str, unit: Unit, name: str, *, canary: bool) -> Wanted:
    policy = config.release.canary_of(target)
    tags = {"bundle": unit.bundle.digest}
    mirror = Planned(policy.mirror.share, policy.mirror.seconds) if canary and policy.mirror.share else None
    phases = tuple(Planned(step.share, step.seconds) for step in policy.steps) if canary else ()
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
        self.policy = config.release.canary_of(target)
        self.making = Making(client, config, target, held.renew)
        self.endpoint = self.making.endpoint
        self._environment = unit.environment.startswith("azureml:")
        self._ask: Ask | None = None
        self._source: Source | None = None
        self._watch: Watch | None = None
        self._live: Bundle | None = None

    def whole(self, *, accept: bool, approved_by: str) -> Record | None:
        """From whatever is there to the end."""
        now, bundle = self._observe(), self.unit.bundle
        known = record.newest(self.store, self.means.clock)
        going = known if known and _same(known, bundle) else None
        before = going.before if going else _before(known, now)
        self.wanted = _wanted(self.config, self.target, self.unit, "none", canary=self.means.source is not None)
        if not going and serves(self.wanted, now):
            return None
        self._check(now, before, accept=accept, made=bool(going and now.named(going.deployment)))
        self.record = going or self._begin(known, before, approved_by)
        self.record.also = self.means.also
        made = replace(self.wanted.deployment, name=self.record.deployment)
        self.wanted = replace(self.wanted, deployment=made)
        self.kept = _kept(self.config, self.store, self.means.clock, now)
        if self.config.release.keep > 1:
            self.kept |= set(before)
        self._converge()
        if reason := self.record.document["stopped"]:
            self.record.end(ROLLED_BACK, reason)
            raise RolledBack(
                f"{bundle.model}:{bundle.version} was stopped: {reason}",
                f"the traffic is as it was; release.json of {self.record.id} has the evidence",
            )
        self.record.end(SUCCEEDED)
        return self.record

    def _check(self, now: Observed, before: Mapping[str, int], *, accept: bool, made: bool) -> None:
        """What must be so before anything is made; said in one line each."""
        bundle = self.unit.bundle
        folder = Path(self.stack.enter_context(checks.folder()))
        live = replace(now, traffic=before).champion
        self._live = checks.live_bundle(self.client, live, folder)
        if live and not self._live:
            self.means.report(f"{live.name} was deployed without a bundle: what its callers need is not known")
        for broken in checks.callers(self._live, bundle, accept=accept):
            self.means.report(f"breaks callers, as accepted: {broken}")
        if live and self.means.source:
            # a canary without figures does not begin
            self._source = self.means.source()
            self._source.counts([live.name], self.means.clock.now(), self.policy.objective_ms)
        if not made:
            self.means.report(checks.room(self.client, *bundle.instances(self.target), now))

    def _begin(self, known: Record | None, before: Mapping[str, int], approved_by: str) -> Record:
        bundle = self.unit.bundle
        if known and known.document["state"] == UNDER_WAY:
            known.end(ABANDONED, f"broken off; then version {bundle.version} was released")
        facts = {**checks.facts(bundle), "approved_by": approved_by or None, "target": self.target}
        facts |= {"endpoint": self.endpoint, "by": self.means.holder.name, "run": self.means.holder.run or None}
        facts |= {"before": {"traffic": dict(before)}, "kind": "release"}
        return record.begin(self.store, self.means.clock, bundle.model, bundle.version, **facts)

    def _observe(self) -> Observed:
        environment = self.unit.environment
        found = observe(self.client, self.endpoint, "" if self._environment else environment)
        self._environment |= environment in found.environments
        return replace(found, environments=frozenset({environment})) if self._environment else found

    def _converge(self) -> None:
        """Do the first step of the plan until there is none; what was done must be seen."""
        last: steps.Step | None = None
        reads = waits = 0
        while True:
            self.lease.renew()
            todo = plan(self.wanted, self._observe(), self.record.progress(self.kept))
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
                return self._prove(name)
            case steps.Mirror(share=share, seconds=seconds):
                return self._phase(MIRROR, share, seconds, self.record.before, {step.name: share})
            case steps.Canary(share=share, seconds=seconds, traffic=shares):
                return self._phase(str(share), share, seconds, shares, {})
        return {}

    def _not_made(self, name: str, error: ServiceFailed) -> dict[str, Any]:
        """A deployment that the service failed to make is a stop; a call that it refused may be tried again."""
        found = self._observe().named(name)
        if found is None or not found.failed:
            raise error
        return {"stopped": f"the deployment failed: {error}"}

    def _shift(self, shares: Mapping[str, int], mirror: Mapping[str, int]) -> None:
        self.lease.renew()
        traffic.write(self.client, self.endpoint, shares, mirror, self.means.clock, self.lease.renew)

    def _asking(self) -> Ask:
        if self._ask is None:
            self._ask = self.stack.enter_context(Asking.of(self.client, self.endpoint))
        return self._ask

    def _prove(self, name: str) -> dict[str, Any]:
        ask = proof.named(self._asking(), name)
        if self.means.prove:
            found = self.means.prove(self.unit.bundle, ask)
        else:
            policy = self.config.release.proof_of(self.target)
            found = proof.prove(self.unit.bundle, ask, policy, self.means.report)
        return {"proof": found, "stopped": "" if found["passed"] else f"proof: {'; '.join(found['reasons'])}"}

    def _phase(
        self, name: str, share: int, seconds: float, shares: Mapping[str, int], mirror: Mapping[str, int]
    ) -> dict[str, Any]:
        """Give the candidate its part, unless it has it since an attempt before, and judge it."""
        candidate, clock = self.record.deployment, self.means.clock
        champion = replace(self._observe(), traffic=self.record.before).champion
        assert champion is not None  # noqa: S101 - without one the plan has no phases
        compared = self._agreement(champion.name)
        now = self._observe()
        if (dict(now.traffic), dict(now.mirror)) != (dict(shares), dict(mirror)):
            self._shift(shares, mirror)
        known = self.record.phase(name)
        if known is None:
            known = {"name": name, "share": share, "since": clock.now().isoformat(), "decision": None}
            self.record.change(phases=[*self.record.document["phases"], known])
        phase = Phase(
            name,
            candidate,
            champion.name,
            share,
            seconds,
            datetime.fromisoformat(known["since"]),
            mirrored=bool(mirror),
            reference=self._reference() if share == 100 else None,
            agreement=compared,
        )
        with self._own_requests():
            verdict = self._watching().judged(phase)
        judged = {**known, "ended": clock.text(), **verdict.document()}
        phases = [judged if each["name"] == name else each for each in self.record.document["phases"]]
        why = f"{'mirror' if mirror else f'canary at {share} %'}: {'; '.join(verdict.reasons)}"
        return {"phases": phases, "stopped": why if verdict.decision == "stop" else ""}

    def _reference(self) -> Any:
        """What the champion did in the phase before: with all the traffic nobody is left to compare with."""
        judged = [
            each for each in self.record.document["phases"] if each.get("figures") and each["name"] != MIRROR
        ]
        return counted(judged[-1]["figures"], "champion") if judged else None

    def _watching(self) -> Watch:
        if self._watch is None:
            assert self._source is not None  # noqa: S101 - looked at before anything was made
            self._watch = Watch.beginning(
                self._source,
                self.policy,
                self.means.clock,
                tick=self.lease.renew,
                show=lambda *seen: self.means.show(line(*seen)),
            )
        return self._watch

    def _agreement(self, champion: str) -> agreement.Agreement | None:
        """The probes, asked of both by name, once a release."""
        known = self.record.document["agreement"]
        bundle = self.unit.bundle
        decide = (self._live and self._live.decide) or bundle.decide
        if known is None and decide and bundle.probes:
            found = agreement.measured(
                self._asking(), bundle.probes, decide, champion, self.record.deployment
            ).document()
            self.record.change(agreement=found)
            known = found
        if known is None:
            return None
        return agreement.Agreement(**{name: value for name, value in known.items() if name != "volume"})

    @contextlib.contextmanager
    def _own_requests(self) -> Iterator[None]:
        bundle, rate = self.unit.bundle, self.policy.probes_per_second
        if not rate:
            yield
            return
        with requests(self._asking(), [each.request for each in bundle.probes] or [bundle.examples.request], rate):
            yield
