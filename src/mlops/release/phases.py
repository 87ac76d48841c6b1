"""What a new deployment goes through before it has all the traffic: its proof, the mirror, the canary's steps."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..config import Canary
from . import proof
from .asking import Ask, Asking
from .canary import agreement
from .canary.run import Phase, Source, Watch, counted, line, requests
from .canary.verdict import EVERYBODY
from .figures import Counts
from .means import Means
from .record import MIRROR, Record
from .scoring import first_difference
from .state import Observed

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from .bundle import Bundle

Shares = Mapping[str, int]


@dataclass
class Phases:
    """The phases of one release. Each gives what it changes in the record.

    `live` is the bundle of what serves now, where it has one; `observe` and `shift` (traffic, mirror) are the
    endpoint's.
    """

    client: MLClient
    endpoint: str
    policy: Canary
    bundle: Bundle
    live: Bundle | None
    source: Source | None
    means: Means
    record: Record
    tick: Callable[[], None]
    observe: Callable[[], Observed]
    shift: Callable[[Shares, Shares], None]
    stack: contextlib.ExitStack
    _ask: Ask | None = field(default=None, init=False)
    _watch: Watch | None = field(default=None, init=False)

    def prove(self, name: str) -> dict[str, Any]:
        """Ask the deployment by its name."""
        found = self.means.prove(self.bundle, proof.named(self._asking(), name))
        return {"proof": found, "stopped": "" if found["passed"] else f"proof: {'; '.join(found['reasons'])}"}

    def mirror(self, share: int, seconds: float) -> dict[str, Any]:
        """Copy requests to the candidate, and judge what it answers."""
        return self._phase(MIRROR, share, seconds, self.record.before, {self.record.deployment: share})

    def canary(self, share: int, seconds: float, shares: Shares) -> dict[str, Any]:
        """Give the candidate its part of the traffic, and judge what it does with it."""
        return self._phase(str(share), share, seconds, shares, {})

    def _phase(self, name: str, share: int, seconds: float, shares: Shares, mirror: Shares) -> dict[str, Any]:
        now, clock = self.observe(), self.means.clock
        champion = replace(now, traffic=self.record.before).champion
        assert champion is not None  # noqa: S101 - without one the plan has no phases
        compared = self._agreement(champion.name)
        if (dict(now.traffic), dict(now.mirror)) != (dict(shares), dict(mirror)):
            self.shift(shares, mirror)
        known = self.record.phase(name)
        if known is None:
            known = {"name": name, "share": share, "since": clock.now().isoformat(), "decision": None}
            self.record.change(phases=[*self.record.document["phases"], known])
        phase = Phase(
            self.record.deployment,
            champion.name,
            share,
            seconds,
            datetime.fromisoformat(known["since"]),
            mirrored=bool(mirror),
            reference=self._reference() if share == EVERYBODY else None,
            agreement=compared,
        )
        with self._own_requests():
            verdict = self._watching().judged(phase)
        judged = {**known, "ended": clock.text(), **verdict.document()}
        phases = [judged if each["name"] == name else each for each in self.record.document["phases"]]
        why = f"{'mirror' if mirror else f'canary at {share} %'}: {'; '.join(verdict.reasons)}"
        return {"phases": phases, "stopped": why if verdict.decision == "stop" else ""}

    def _reference(self) -> Counts:
        """What the champion did in the phase before: with all the traffic nobody is left to compare with."""
        seen = (counted(each.get("figures"), "champion") for each in reversed(self.record.document["phases"]))
        return next(filter(None, seen), Counts(0))

    def _watching(self) -> Watch:
        if self._watch is None:
            assert self.source is not None  # noqa: S101 - looked at before anything was made
            self._watch = Watch.beginning(
                self.source,
                self.policy,
                self.means.clock,
                tick=self.tick,
                show=lambda *seen: self.means.show(line(*seen)),
            )
        return self._watch

    def _agreement(self, champion: str) -> agreement.Agreement | None:
        """The probes, asked of both by name, once a release; by the threshold that callers act on now."""
        decide = (self.live and self.live.decide) or self.bundle.decide
        known = self.record.document["agreement"]
        if known is not None and known["paired"] == known["asked"]:
            return agreement.Agreement(**{name: value for name, value in known.items() if name != "volume"})
        if decide is None or not self.bundle.probes:
            return None
        found = agreement.measured(self._asking(), self.bundle.probes, decide, champion, self.record.deployment)
        self.record.change(agreement=found.document())
        return found

    @contextlib.contextmanager
    def _own_requests(self) -> Iterator[None]:
        rate = self.policy.probes_per_second
        bodies = [each.request for each in self.bundle.probes] or [self.bundle.examples.request]
        if rate:
            with requests(self._asking(), bodies, rate):
                yield
        else:
            yield

    def _asking(self) -> Ask:
        if self._ask is None:
            self._ask = self.stack.enter_context(Asking.of(self.client, self.endpoint))
        return self._ask


def golden(bundle: Bundle, ask: Ask) -> dict[str, Any]:
    """The shortest proof: the evaluation's own requests, answered as the evaluation did."""
    answer = ask(json.dumps(bundle.examples.request).encode())
    if not answer.good:
        said = answer.body[:200].decode(errors="replace")
        reasons = [f"the evaluation's request is answered with {answer.model_status or 'nothing'}: {said}"]
    else:
        difference = first_difference(bundle.examples.answer, json.loads(answer.body))
        reasons = [f"it does not answer as the evaluation did: {difference}"] if difference else []
    return {"passed": not reasons, "reasons": reasons}
